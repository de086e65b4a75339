// A certified OpenID Connect provider with accounts of its own: the tests' Keycloak. Each password is the
// account's name and "-password". What a test changes goes through admin.js, on a port of its own.

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";

import { Provider } from "oidc-provider";

import { accounts, behaviour, seen, serveAdmin } from "./admin.js";

const { ISSUER, CLIENT_ID, CLIENT_SECRET, CLIENT_AUTHENTICATION, REDIRECT_URI } = process.env;
const PORT = 8443;
const ADMIN_PORT = 8080;

// Not the user's name, so that a hub that uses the subject as a name fails.
const subject = (name) => `id-of-${name}`;

// Of an account that is disabled, or was never there, every token is void: 401, invalid_grant.
function findAccount(ctx, id) {
  const { disabled, roles, ...claims } = accounts[id.replace(subject(""), "")] ?? { disabled: true };
  return disabled ? undefined : { accountId: id, claims: () => ({ sub: id, ...claims, realm_access: { roles } }) };
}

// Consent is given without asking: the hub is under test, not the user.
async function loadExistingGrant(ctx) {
  const { client, session, params } = ctx.oidc;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope(params.scope);
  await grant.save();
  return grant;
}

const signingKey = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });

const provider = new Provider(ISSUER, {
  clients: [
    {
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
      redirect_uris: [REDIRECT_URI],
      grant_types: ["authorization_code", "refresh_token"],
      token_endpoint_auth_method: CLIENT_AUTHENTICATION,
    },
  ],
  clientAuthMethods: [CLIENT_AUTHENTICATION],
  scopes: ["openid", "profile", "email", "offline_access"],
  claims: {
    openid: ["sub"],
    profile: ["preferred_username", "name", "groups", "realm_access"],
    email: ["email", "email_verified"],
  },
  findAccount,
  loadExistingGrant,
  pkce: { required: () => true },
  issueRefreshToken: () => behaviour.refreshTokens,
  rotateRefreshToken: () => behaviour.rotate,
  expiresWithSession: () => false,
  ttl: {
    AccessToken: () => behaviour.accessTokenSeconds,
    AuthorizationCode: () => behaviour.codeSeconds,
    Grant: 86400,
    IdToken: 3600,
    Interaction: 3600,
    RefreshToken: 86400,
    Session: 86400,
  },
  jwks: { keys: [{ ...signingKey, use: "sig", alg: "RS256" }] },
  cookies: { keys: [randomBytes(32).toString("hex")] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (ctx, interaction) => `/sign-in/${interaction.uid}` },
});

const page = (message) => `<!DOCTYPE html><title>Serenity Identity</title><h1>Serenity Identity</h1><p>${message}</p>
<form method="post"><input name="name" placeholder="Name" autofocus>
<input name="password" type="password" placeholder="Password"><button>Continue</button>
<button name="cancel" value="yes">Cancel</button></form>`;

async function signIn(ctx) {
  if (ctx.method !== "POST") {
    ctx.body = page("");
    return;
  }
  const form = new URLSearchParams(await ctx.req.setEncoding("utf8").reduce((text, part) => text + part, ""));
  const name = form.get("name");
  let result = { login: { accountId: subject(name) } };
  if (form.has("cancel")) {
    result = { error: "access_denied", error_description: "The user cancelled." };
  } else if (!findAccount(ctx, subject(name)) || form.get("password") !== `${name}-password`) {
    ctx.status = 401;
    ctx.body = page("Wrong name or password.");
    return;
  }
  ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result));
}

provider.use(async (ctx, next) => {
  if (ctx.path === "/auth") seen.authorizeRequests.push({ ...ctx.query });
  if (ctx.path.startsWith("/sign-in/")) return signIn(ctx);
  if (ctx.path === "/me" && behaviour.userinfo) return Object.assign(ctx, behaviour.userinfo);
  return next();
});
provider.on("grant.success", (ctx) => seen.grants.push(ctx.oidc.params.grant_type));
provider.on("grant.error", (ctx, error) => console.error(error.error, error.error_detail ?? error.error_description));
provider.on("server_error", (ctx, error) => console.error(error));

const certificate = { key: readFileSync("/ca/server.key"), cert: readFileSync("/ca/server.crt") };
const server = createServer(certificate, provider.callback()).listen(PORT);
serveAdmin(ADMIN_PORT, {
  // As a provider that has a database, it forgets nothing meanwhile.
  away: () => {
    server.close();
    server.closeAllConnections();
  },
  back: () =>
    new Promise((resolve) => {
      server.listen(PORT, resolve);
    }),
});
