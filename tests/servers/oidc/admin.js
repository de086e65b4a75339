// For the tests alone: what they change of the provider, and what they ask about it. Plain HTTP, JSON in and out.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const BEHAVIOUR = {
  accessTokenSeconds: 3600,
  codeSeconds: 60,
  refreshTokens: true,
  rotate: false,
  userinfo: null, // else {"status": 500, "body": "whatever comes"}
};

export const accounts = {};
export const behaviour = {};
export const seen = {};

function reset() {
  Object.assign(accounts, JSON.parse(readFileSync("accounts.json")));
  Object.assign(behaviour, BEHAVIOUR);
  Object.assign(seen, { authorizeRequests: [], grants: [] });
}

export function serveAdmin(port, { away, back }) {
  const actions = {
    "/reset": reset,
    "/accounts": (changes) =>
      Object.entries(changes).forEach(([name, change]) => Object.assign(accounts[name], change)),
    "/behaviour": (changes) => Object.assign(behaviour, changes),
    "/seen": () => seen,
    "/away": away,
    "/back": back,
  };
  createServer(async (request, response) => {
    const text = await request.setEncoding("utf8").reduce((whole, part) => whole + part, "");
    const answer = await actions[request.url](JSON.parse(text || "{}"));
    response.end(JSON.stringify(answer ?? null));
  }).listen(port);
}

reset();
