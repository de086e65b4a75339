// The port for plain HTTP: redirects to HTTPS, and serves files below /.well-known/ to those who have to find them here,
// such as an authority that checks who owns this name.
import fs from "node:fs";
import http from "node:http";
import path from "node:path";

const WELL_KNOWN = /^\/\.well-known\/([\w-]+(?:\/[\w-]+)*)$/; // RFC 8615; without a dot, no path leaves the folder

// httpsPort: the public one. wellKnown: the folder whose files are served, if there is one.
export function plainServer(httpsPort, wellKnown) {
  return http.createServer((request, response) => {
    const [, file] = (wellKnown && WELL_KNOWN.exec(request.url)) || [];
    if (file) {
      answer(path.join(wellKnown, file), response);
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
      response.writeHead(404).end("Not found\n");
    } else {
      response.writeHead(200, { "Content-Type": "application/octet-stream" }).end(content);
    }
  });
}
