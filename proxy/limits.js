// How long a client or a server may take. Limits are for what makes no progress, not for what is slow.

// In milliseconds.
export const LIMITS = {
  head: 60_000, // until all headers of a request are there, however they trickle in
  stalled: 120_000, // without one byte of a request's body
  connect: 5_000, // until the hub or a user's server has accepted a connection
};

// Set the limits of a server, before it listens. Node's own is five minutes for a whole request, which ends each slow
// upload. What has been sent completely may wait for its answer for ever: a cell, a long poll.
export function limitRequests(server, { head, stalled }, log) {
  server.headersTimeout = head;
  server.requestTimeout = 0;
  server.prependListener("request", (request, response) => {
    if (!hasBody(request)) return;
    request.setTimeout(stalled, () => {
      log.warn(`408 ${request.method} ${request.url.split("?", 1)[0]} nothing came for ${stalled / 1000} s`);
      if (response.headersSent) request.destroy();
      else response.writeHead(408, { Connection: "close", "Content-Length": 0 }).end();
    });
    // Once the response is complete, the same timer is the one for idle connections.
    request.once("end", () => response.writableFinished || request.setTimeout(0));
  });
}

const hasBody = ({ headers }) => "transfer-encoding" in headers || Number(headers["content-length"]) > 0;
