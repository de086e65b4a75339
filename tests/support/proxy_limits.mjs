// What the proxy's limits do, with a clock of milliseconds. It runs in the proxy's image, in place of server.js, and
// prints one JSON object: for each case, what the client saw.
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { setTimeout as wait } from "node:timers/promises";

import { Front } from "./front.js";
import { LIMITS, limitRequests } from "./limits.js";
import { Unavailable } from "./unavailable.js";

const SHORT = { head: 500, stalled: 500, connect: 500 };
// Twice as long as everything in SHORT.
const PIECES = 10;
const PAUSE = 100;
const BODY = PIECES * 5;

const upstream = http.createServer((request, response) => {
  let size = 0;
  request.on("data", (chunk) => (size += chunk.length));
  request.on("end", async () => {
    if (request.url === "/patience") await wait(PIECES * PAUSE);
    if (request.url === "/breaks") {
      response.write("half");
      await wait(PAUSE);
      request.socket.destroy();
    } else {
      response.end(`${size}`);
    }
  });
});
upstream.on("upgrade", async (request, socket) => {
  socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  await wait(PAUSE);
  socket.resetAndDestroy();
});
const unavailable = new Unavailable("");
const quiet = { info() {}, warn() {}, error() {}, debug() {} };
async function listening(server) {
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server.address().port;
}
const target = `http://127.0.0.1:${await listening(upstream)}`;
const front = new Front({ defaultTarget: target, log: quiet }, SHORT, unavailable);
front.proxyServer.connectionsCheckingInterval = 50;
const proxied = await listening(front.proxyServer);

async function send(socket, [piece, ...rest]) {
  if (piece === undefined || socket.destroyed) return;
  socket.write(piece);
  await wait(PAUSE);
  await send(socket, rest);
}

// What a client gets that sends these pieces: the first line, or "" where the connection ends without an answer.
async function sees(port, pieces) {
  const socket = net.connect(port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk) => (text += chunk)).on("error", () => {});
  const ended = new Promise((done) => {
    socket.on("close", () => done("ended"));
  });
  await send(socket, pieces);
  const outcome = await Promise.race([ended, wait(20 * PAUSE, "open")]);
  socket.destroy();
  return [text.split("\r\n", 1)[0], text.split("\r\n\r\n")[1] ?? "", outcome];
}

const head = (path, length) => `PUT ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`;
const upload = [head("/", BODY), ...Array(PIECES).fill("slow-")];

// A server with Node's own limits, as short as ours, shows what they do.
const answer = (request, response) => request.resume().on("end", () => response.end());
const nodes = { requestTimeout: SHORT.stalled, headersTimeout: SHORT.head, connectionsCheckingInterval: 50 };
const unlimited = http.createServer(nodes, answer);
const limited = http.createServer(nodes, answer);
limitRequests(limited, SHORT, quiet);

const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
await front.addRoute("/nowhere", { target: "http://127.0.0.1:1" });

const cases = {
  "Node's limit": sees(await listening(unlimited), upload),
  "our limit in its place": sees(await listening(limited), upload),
  "a slow upload": sees(proxied, upload),
  "an upload that stands still": sees(proxied, [head("/", BODY), "slow-"]),
  "a head that never ends": sees(proxied, ["GET / HTTP/1.1\r\n", ...Array(4 * PIECES).fill("X-Slow: 1\r\n")]),
  "a slow answer": sees(proxied, [head("/patience", 5), "quick"]),
  "an answer that breaks off": sees(proxied, ["GET /breaks HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"]),
  "a websocket that breaks off": sees(proxied, [`GET / HTTP/1.1\r\nHost: x\r\n${upgrade}`]),
  "a websocket to nowhere": sees(proxied, [`GET /nowhere HTTP/1.1\r\nHost: x\r\n${upgrade}`]),
};
const seen = Object.fromEntries(
  await Promise.all(Object.entries(cases).map(async ([name, result]) => [name, await result])),
);
const real = new Front({ log: quiet }, LIMITS, unavailable).proxyServer;
seen["in use"] = [real.requestTimeout, real.headersTimeout];
console.log(JSON.stringify(seen));
process.exit();
