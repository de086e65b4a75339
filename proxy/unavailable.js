// What clients get while the hub or a user's server does not answer: a page that opens what they asked for as soon as it
// is back, or a line of JSON for programs.
import fs from "node:fs";

const TEMPLATE = fs.readFileSync(new URL("unavailable.html", import.meta.url), "utf8");
const RETRY_SECONDS = 5;
const HUB = {
  title: "The hub is starting again",
  text: "This usually takes less than a minute. Servers and notebooks that are open go on running.",
  action: "",
};
// The hub looks every 30 s whether a server runs, and at once when its user opens the page of the link.
const SERVER = {
  title: "This server does not answer",
  text: "It may be busy, or it may have stopped, for example because a program needed too much memory. Saved files are kept.",
  action: "Start it again on the hub's page",
};

export class Unavailable {
  // base: the hub's path without a slash at its end.
  constructor(base) {
    this.servers = `${base}/user/`;
    this.link = `${base}/hub/home`;
  }

  // Answer a request with 503.
  answer(request, response) {
    const about = request.url.startsWith(this.servers) ? SERVER : HUB;
    const page = wantsPage(request);
    response.writeHead(503, {
      "Content-Type": page ? "text/html; charset=utf-8" : "application/json",
      "Cache-Control": "no-store",
      "Retry-After": RETRY_SECONDS,
    });
    response.end(page ? this.page(about) : JSON.stringify({ status: 503, message: about.title }));
  }

  page(about) {
    const values = { ...about, link: this.link };
    return TEMPLATE.replace(/{{(\w+)}}/g, (_, name) => values[name]);
  }
}

// A browser that opens an address names HTML; its scripts, images and programs do not.
const wantsPage = ({ headers, url }) =>
  /\btext\/html\b/.test(headers.accept ?? "") && !url.split("?", 1)[0].includes("/api/");
