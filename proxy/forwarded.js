// Who has sent a request: the address at the other end, unless that is a proxy that we trust to tell.
import fs from "node:fs";
import net from "node:net";

// What the hub and Jupyter Server read, and relatives: https://www.tornadoweb.org/en/stable/httpserver.html (xheaders)
const TELLS = /^(x-forwarded-.*|forwarded|x-real-ip|x-scheme)$/;
// What a trusted proxy may go on saying, because it says nothing of who asks.
const HARMLESS = new Set(["x-forwarded-host", "x-forwarded-port"]);

// Puts the truth into the headers of a request, in place of what the client says.
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

  // Set X-Forwarded-For to the one address of who asks and X-Forwarded-Proto to what they have spoken.
  mark(request, tls) {
    const headers = request.headers;
    const peer = plain(request.socket.remoteAddress);
    const trusted = this.trusts(peer);
    const told = { for: headers["x-forwarded-for"] ?? "", proto: headers["x-forwarded-proto"] ?? "" };
    for (const name of Object.keys(headers)) {
      if (TELLS.test(name) && !(trusted && HARMLESS.has(name))) delete headers[name];
    }
    headers["x-forwarded-for"] = this.origin([...list(told.for), peer]);
    headers["x-forwarded-proto"] = tls ? "https" : "http";
    const proto = list(told.proto).at(-1);
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

// IPv4 in the clothes of IPv6, as a socket of both has it.
const plain = (address) => (address ?? "").replace(/^::ffff:(?=\d+\.)/, "");

// The host, as connections to a published port come from it: the default gateway, in hexadecimal and backwards.
function dockerGateway() {
  const routes = fs.readFileSync("/proc/net/route", "ascii").split("\n");
  const [, , gateway] = routes.map((line) => line.split("\t")).find(([, destination]) => destination === "00000000");
  return gateway.match(/../g).reverse().map((byte) => parseInt(byte, 16)).join(".");
}
