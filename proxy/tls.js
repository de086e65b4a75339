// The TLS pair: which one is used, how, and what happens when it changes.
import { X509Certificate } from "node:crypto";
import fs from "node:fs";
import { createSecureContext } from "node:tls";

const BAKED = { cert: "/srv/proxy/jupyterhub.crt", key: "/srv/proxy/jupyterhub.key" };
const LOOK_MILLISECONDS = 5000;
const SOON_MILLISECONDS = 30 * 24 * 3600 * 1000;
// Mozilla's "intermediate": https://wiki.mozilla.org/Security/Server_Side_TLS
export const POLICY = {
  minVersion: "TLSv1.2",
  maxVersion: "TLSv1.3",
  ciphers: [
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
  ].join(":"),
};

// The pair at SSL_CERT and SSL_KEY; until there is one that can be used, the one of the image.
export class Pair {
  constructor({ SSL_CERT, SSL_KEY }) {
    this.places = [{ cert: SSL_CERT || BAKED.cert, key: SSL_KEY || BAKED.key }, BAKED];
    this.complaint = "";
    this.current = this.read(this.places);
    if (!this.current) throw new Error(this.complaint);
  }

  // What https.createServer takes.
  options() {
    return { ...POLICY, ...this.current };
  }

  // Look every few seconds whether the files hold another pair, and use it for new connections. Those that are open
  // keep theirs: https://nodejs.org/api/tls.html#serversetsecurecontextoptions
  // A pair that is missing or cannot be used does not bring the image's back: a renewal may be half written just now.
  keepUpToDate(server, log) {
    this.report(log);
    setInterval(() => {
      const before = this.complaint;
      const found = this.read(this.places.slice(0, 1));
      if (this.complaint && this.complaint !== before) log.error(this.complaint);
      if (!found || found.cert.equals(this.current.cert)) return;
      this.current = found;
      server.setSecureContext(this.options());
      this.report(log);
    }, LOOK_MILLISECONDS).unref();
  }

  // The first pair that can be used: certificate and key belong together.
  read(places) {
    this.complaint = "";
    for (const { cert, key } of places) {
      if (!fs.existsSync(cert)) continue;
      try {
        const pair = { cert: fs.readFileSync(cert), key: fs.readFileSync(key) };
        createSecureContext(pair);
        return pair;
      } catch (error) {
        this.complaint = `The certificate at ${cert} cannot be used: ${error.message}`;
      }
    }
    return undefined;
  }

  report(log) {
    const { subjectAltName, validTo } = new X509Certificate(this.current.cert);
    const left = new Date(validTo) - Date.now();
    const say = left < SOON_MILLISECONDS ? log.warn : log.info;
    say(`The certificate for ${subjectAltName} is in use; it ${left < 0 ? "expired on" : "is valid until"} ${validTo}`);
  }
}
