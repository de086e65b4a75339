// The public front of the hub: configurable-http-proxy as a library, with what its command line does not have. It uses
// a renewed certificate without dropping a connection, sends on who the client is, and serves the files of /.well-known/.
// Certificates upstream: https://github.com/jupyterhub/configurable-http-proxy/issues/107 (open on 2026-11-28).
import { SenderCheck } from "./forwarded.js";
import { Front } from "./front.js";
import { HubHost, basePath } from "./hosts.js";
import { LIMITS } from "./limits.js";
import { plainServer } from "./plain.js";
import { Pair } from "./tls.js";
import { Unavailable } from "./unavailable.js";

const PORT = 8443;
const PLAIN_PORT = 8080;
const WITHOUT_TLS_PORT = 8000;

const settings = process.env;
const tls = settings.TLS !== "off";
const hsts = Number(settings.HSTS_SECONDS || 0);
const sender = new SenderCheck(settings.TRUSTED_PROXIES, !tls && settings.BIND_ADDRESS);
const base = basePath(settings.JUPYTERHUB_BASE_URL);
const hubHost = new HubHost(settings.JUPYTERHUB_SUBDOMAIN_HOST, base);
const pair = tls && new Pair(settings);

const options = {
  authToken: settings.CONFIGPROXY_AUTH_TOKEN,
  defaultTarget: "http://hub:8081",
  // With a subdomain for each user, JupyterHub's routes begin with a host.
  hostRouting: Boolean(settings.JUPYTERHUB_SUBDOMAIN_HOST),
  ssl: tls && pair.options(),
  // Not its X-Forwarded headers: it appends to what the client has sent.
  xfwd: false,
};
const proxy = new Front(options, LIMITS, new Unavailable(base));

proxy.proxyServer.prependListener("request", (request, response) => {
  sender.mark(request, tls);
  if (tls && hsts) response.setHeader("Strict-Transport-Security", `max-age=${hsts}`);
  hubHost.correct(request, response); // what is answered goes no further
});
proxy.proxyServer.prependListener("upgrade", (request) => sender.mark(request, tls));

// Without an address: IPv6, too, where the container has it.
proxy.proxyServer.listen(tls ? PORT : WITHOUT_TLS_PORT);
if (tls) {
  pair.keepUpToDate(proxy.proxyServer, proxy.log);
  plainServer(Number(settings.HTTPS_PORT || 443), settings.WELL_KNOWN_DIR).listen(PLAIN_PORT);
}
// This name exists on the network `control` alone, so users' servers cannot reach the route table.
proxy.apiServer.listen(8001, "proxy-api");

// A fault of one connection must not end all others.
process.on("uncaughtException", (error) => proxy.log.error(`Uncaught: ${error.stack}`));
