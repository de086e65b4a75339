// The port for plain HTTP: sends everybody to HTTPS, and answers Let's Encrypt, which asks there for its challenges.
import fs from "node:fs";
import http from "node:http";
import path from "node:path";

const CHALLENGE = /^\/\.well-known\/acme-challenge\/([\w-]+)$/; // RFC 8555, section 8.3

// httpsPort: the public one. webroot: the folder that the ACME client writes to, if there is one.
export function plainServer(httpsPort, webroot) {
  return http.createServer((request, response) => {
    const [, token] = (webroot && CHALLENGE.exec(request.url)) || [];
    if (token) {
      answer(path.join(webroot, ".well-known/acme-challenge", token), response);
    } else {
      redirect(request, response, httpsPort);
    }
  });
}

// The same host and the same path.
function redirect(request, response, httpsPort) {
  const host = hostOf(request);
  if (!host || !request.url.startsWith("/")) {
    response.writeHead(400).end("Bad request\n");
    return;
  }
  const port = httpsPort === 443 ? "" : `:${httpsPort}`;
  response.writeHead(301, { Location: `https://${host}${port}${request.url}` }).end();
}

function hostOf(request) {
  try {
    return request.headers.host && new URL(`http://${request.headers.host}`).hostname; // HTTP/1.0 may have none
  } catch {
    return "";
  }
}

function answer(file, response) {
  fs.readFile(file, (error, content) => {
    if (error) {
      response.writeHead(404).end("There is no such challenge\n");
    } else {
      response.writeHead(200, { "Content-Type": "application/octet-stream" }).end(content);
    }
  });
}
