// With a subdomain for each user: the hub's own pages are at the hub's host alone. JupyterHub answers at all of them, and
// a user who signed in at zoe's subdomain would leave a session there, which scripts of zoe's pages can use.

// JUPYTERHUB_BASE_URL without a slash at its end; empty where the hub has no path.
export function basePath(baseUrl) {
  const path = (baseUrl || "").replace(/^\/+|\/+$/g, "");
  return path && `/${path}`;
}

// Sends requests for them there from everywhere else.
export class HubHost {
  // host: JUPYTERHUB_SUBDOMAIN_HOST, if it is set. base: the hub's path, see basePath.
  constructor(host, base) {
    this.address = (host || "").replace(/\/$/, "");
    this.suffix = this.address && `.${new URL(this.address).hostname}`;
    this.pages = `${base}/hub`;
  }

  // Answer a request for the hub that has come to a user's host; leave any other alone.
  correct(request, response) {
    if (!this.address || !this.astray(request)) return;
    if (request.method === "GET" || request.method === "HEAD") {
      response.writeHead(302, { Location: this.address + request.url }).end();
    } else {
      response.writeHead(403).end("The hub is at another address\n");
    }
  }

  astray({ headers, url }) {
    const host = (headers.host || "").replace(/:\d*$/, "").toLowerCase();
    const [path] = url.split("?", 1);
    return host.endsWith(this.suffix) && `${path}/`.startsWith(`${this.pages}/`);
  }
}
