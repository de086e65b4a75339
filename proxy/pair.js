// Whether a TLS pair can be used: node pair.js CERTIFICATE KEY. The proxy's own program answers, with the proxy's own
// policy, because other readers of PEM and other libraries accept more. It prints one JSON object:
//   refused: why the proxy, or each client, cannot use the pair; browsers: why browsers alone do not.
import fs from "node:fs";
import { Duplex } from "node:stream";
import tls from "node:tls";

import { POLICY } from "./tls.js";

// What Chromium offers: its signature algorithms and groups. https://www.rfc-editor.org/rfc/rfc8446#section-4.2.3
const BROWSER = {
  sigalgs: [
    "ecdsa_secp256r1_sha256",
    "rsa_pss_rsae_sha256",
    "rsa_pkcs1_sha256",
    "ecdsa_secp384r1_sha384",
    "rsa_pss_rsae_sha384",
    "rsa_pkcs1_sha384",
    "rsa_pss_rsae_sha512",
    "rsa_pkcs1_sha512",
  ].join(":"),
  ecdhCurve: "X25519:P-256:P-384",
};

// Two streams, each of which reads what is written to the other.
function cable() {
  const ends = [];
  for (const other of [1, 0]) {
    const write = (chunk, _, done) => (ends[other].push(chunk), done());
    ends.push(new Duplex({ read() {}, write, final: (done) => (ends[other].push(null), done()) }));
  }
  return ends;
}

// Why a client cannot shake hands with a server that has this pair; empty where it can.
function handshake(pair, client) {
  const [ours, theirs] = cable();
  return new Promise((done) => {
    const server = new tls.TLSSocket(ours, { isServer: true, secureContext: tls.createSecureContext({ ...POLICY, ...pair }) });
    server.on("error", (error) => done(error.message));
    tls
      .connect({ socket: theirs, rejectUnauthorized: false, ...client })
      .on("secureConnect", () => done(""))
      .on("error", () => {}); // the server's is the one that says why
  });
}

const [cert, key] = process.argv.slice(2).map((path) => fs.readFileSync(path));
const result = { refused: "", browsers: "" };
try {
  result.refused = await handshake({ cert, key }, {});
  if (!result.refused) result.browsers = await handshake({ cert, key }, BROWSER);
} catch (error) {
  result.refused = error.message;
}
console.log(JSON.stringify(result));
process.exit();
