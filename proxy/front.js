// configurable-http-proxy as this deployment needs it: with limits that do not hit the slow, and answers that people
// understand where the hub or a server does not give one.
import http from "node:http";

import { ConfigurableProxy } from "configurable-http-proxy";

import { limitRequests } from "./limits.js";
import { UpstreamAgent } from "./upstream.js";

export class Front extends ConfigurableProxy {
  // options: of ConfigurableProxy. limits: as LIMITS in limits.js. unavailable: what answers for the absent.
  constructor(options, limits, unavailable) {
    super(options);
    this.unavailable = unavailable;
    this.errorPath = ""; // no pages of its own: _handleProxyErrorDefault answers
    this.httpAgent = new UpstreamAgent(limits.connect);
    limitRequests(this.proxyServer, limits, this.log);
    // An answer that breaks off in the middle breaks off for the client, too. http-proxy-3 lets the client wait for ever;
    // no issue there is about it yet. Try without from 2027-06-01 on.
    this.proxy.on("proxyRes", (answer, request, response) => {
      answer.once("close", () => answer.complete || response.destroy());
    });
    this.websockets = new WeakSet(); // the clients of those that are open
    this.proxy.on("proxyReqWs", (outgoing, request, socket) => outgoing.once("upgrade", () => this.websockets.add(socket)));
  }

  // The hub reads the routes every two seconds, and a log of that hides everything else.
  logResponse(request, response) {
    if (request.method !== "GET" || response.statusCode >= 400) super.logResponse(request, response);
  }

  // One line for each error of the network; a stack of calls says nothing about that.
  handleProxyError(code, kind, request, response, error) {
    if (kind === "ws") this.refuse(code, response);
    super.handleProxyError(code, kind, request, response, error?.code ? error.message : error);
  }

  // ConfigurableProxy's own answer, https://github.com/jupyterhub/configurable-http-proxy/pull/599, has a status line that
  // clients of websockets cannot read, and it goes into those that are open, too. Try without from 2027-06-01 on.
  refuse(code, socket) {
    if (socket.writableEnded) return;
    if (this.websockets.has(socket)) socket.end();
    else socket.end(`HTTP/1.1 ${code} ${http.STATUS_CODES[code]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  }

  _handleProxyErrorDefault(code, kind, request, response) {
    if (response.writableEnded) return;
    if (response.headersSent) response.destroy();
    else if (code === 503) this.unavailable.answer(request, response);
    else response.writeHead(code).end(`${http.STATUS_CODES[code]}\n`);
  }
}
