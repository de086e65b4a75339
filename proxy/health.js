// The proxy container's health check: its own health path on the public port. The pair may be self-signed.
import http from "node:http";
import https from "node:https";

const [client, port] = process.env.TLS === "off" ? [http, 8000] : [https, 8443];

const request = client.get(
  { host: "127.0.0.1", port, path: "/_chp_healthz", rejectUnauthorized: false, timeout: 5000 },
  (response) => process.exit(response.statusCode === 200 ? 0 : 1),
);
request.on("timeout", () => request.destroy(new Error("no answer within 5 s")));
request.on("error", (error) => {
  console.error(error.message);
  process.exit(1);
});
