// Who has sent a request: the address at the other end, unless that is a trusted proxy.
import fs from "node:fs";
import net from "node:net";

// What the hub and Jupyter Server read, and relatives: https://www.tornadoweb.org/en/stable/httpserver.html (xheaders)
const IDENTIFYING = /^(x-forwarded-.*|forwarded|x-real-ip|x-scheme)$/;
// What a trusted proxy may still set, because it does not identify the client.
const HARMLESS = new Set(["x-forwarded-host", "x-forwarded-port"]);

// Sets the headers of a request from the connection, in place of what the client sent.
export class SenderCheck {
  // trusted: addresses and networks, separated by commas. published: the host's address at which Docker publishes a
  // port without TLS; where only the host itself reaches it, who connects by way of Docker's gateway is trusted, too.
  constructor(trusted, published) {
    this.trusted = new net.BlockList();
    for (const network of (trusted || "").split(/[\s,;]+/).filter(Boolean)) {
      const [address, bits] = network.split("/");
      const version = net.isIP(address);
      this.trusted.addSubnet(address, Number(bits ?? (version === 6 ? 128 : 32)), `ipv${version}`);
    }
    if (published && /^(127\.|::1$)/.test(published)) this.trusted.addAddress(dockerGateway());
  }

  // Set X-Forwarded-For to the client's address alone, and X-Forwarded-Proto to the protocol that it uses.
  mark(request, tls) {
    const headers = request.headers;
    const peer = plain(request.socket.remoteAddress);
    const trusted = this.trusts(peer);
    const sent = { for: headers["x-forwarded-for"] ?? "", proto: headers["x-forwarded-proto"] ?? "" };
    for (const name of Object.keys(headers)) {
      if (IDENTIFYING.test(name) && !(trusted && HARMLESS.has(name))) delete headers[name];
    }
    headers["x-forwarded-for"] = this.origin([...list(sent.for), peer]);
    headers["x-forwarded-proto"] = tls ? "https" : "http";
    const proto = list(sent.proto).at(-1);
    if (trusted && (proto === "http" || proto === "https")) headers["x-forwarded-proto"] = proto;
  }

  // From the right, which is what the nearest proxy has seen: the first that is not a trusted proxy itself.
  origin(hops) {
    let origin = hops.pop();
    while (this.trusts(origin) && net.isIP(hops.at(-1) ?? "")) origin = hops.pop();
    return origin;
  }

  trusts(address) {
    const version = net.isIP(address);
    return version !== 0 && this.trusted.check(address, `ipv${version}`);
  }
}

const list = (header) => header.split(",").map((word) => word.trim());

// An IPv4-mapped IPv6 address as IPv4: a socket for both protocols reports IPv4 clients that way.
const plain = (address) => (address ?? "").replace(/^::ffff:(?=\d+\.)/, "");

// The host, as connections to a published port come from it: the default gateway, in hexadecimal and backwards.
function dockerGateway() {
  const routes = fs.readFileSync("/proc/net/route", "ascii").split("\n");
  const [, , gateway] = routes.map((line) => line.split("\t")).find(([, destination]) => destination === "00000000");
  return gateway.match(/../g).reverse().map((byte) => parseInt(byte, 16)).join(".");
}
