import type { HeaderFields } from "../attacks/support/http";
import { register } from "./support/client";
import { discover, expect, sceneOfFile, test } from "./support/scene";

/** Both discovery documents (RFC 8414, OpenID Connect Discovery), and who may read what from another origin. */
const SPA = "https://spa.example";
const scene = sceneOfFile();
test.beforeAll(async () => {
  await register(scene(), { origins: [SPA, "http://localhost:5173"] });
});

const WELL_KNOWN = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];
/** Each with the method by which a browser's program calls it. */
const READABLE = [
  ...WELL_KNOWN.map((path) => ["GET", path]),
  ["GET", "/.well-known/jwks.json"],
  ["POST", "/oauth/token"],
  ["GET", "/oauth/userinfo"],
  ["POST", "/oauth/userinfo"],
  ["POST", "/oauth/revoke"],
] as [method: string, path: string][];
const UNREADABLE = [
  ["GET", "/oauth/authorize"],
  ["POST", "/oauth/introspect"],
  ["POST", "/oauth/par"],
  ["POST", "/oauth/device_authorization"],
  ["GET", "/oauth/end-session"],
  ["GET", "/oauth/consent"],
  ["GET", "/device"],
  ["GET", "/api/auth/session"],
  ["POST", "/api/auth/refresh"],
  ["GET", "/api/admin/clients"],
  ["GET", "/login"],
  ["GET", "/healthz"],
] as [method: string, path: string][];

const ask = (method: string, path: string, headers: HeaderFields) => scene().send({ method, path, headers });

const preflight = (path: string, origin: string, method: string) =>
  ask("OPTIONS", path, {
    origin,
    "access-control-request-method": method,
    "access-control-request-headers": "authorization,content-type,dpop",
  });

const allowed = (headers: HeaderFields | object) =>
  Object.keys(headers).filter((name) => name.startsWith("access-control-"));

test("the two documents say the same, and the libraries take them", async () => {
  const [oauth2, oidc] = [await discover(scene().origin, "oauth2"), await discover(scene().origin, "oidc")];
  const { origin } = scene();
  expect(oauth2).toMatchObject({
    issuer: origin,
    authorization_endpoint: `${origin}/oauth/authorize`,
    token_endpoint: `${origin}/oauth/token`,
    userinfo_endpoint: `${origin}/oauth/userinfo`,
    revocation_endpoint: `${origin}/oauth/revoke`,
    introspection_endpoint: `${origin}/oauth/introspect`,
    pushed_authorization_request_endpoint: `${origin}/oauth/par`,
    device_authorization_endpoint: `${origin}/oauth/device_authorization`,
    end_session_endpoint: `${origin}/oauth/end-session`,
    jwks_uri: `${origin}/.well-known/jwks.json`,
    response_types_supported: ["code"],
    response_modes_supported: ["query"],
    code_challenge_methods_supported: ["S256"],
    authorization_response_iss_parameter_supported: true,
    backchannel_logout_supported: true,
    request_parameter_supported: false,
    request_uri_parameter_supported: expect.any(Boolean),
  });
  expect(new Set(oauth2.grant_types_supported)).toEqual(
    new Set([
      "authorization_code",
      "refresh_token",
      "client_credentials",
      "urn:ietf:params:oauth:grant-type:device_code",
    ]),
  );
  expect(new Set(oauth2.scopes_supported)).toEqual(new Set(["openid", "email", "offline_access"]));
  expect(new Set(oauth2.token_endpoint_auth_methods_supported)).toEqual(
    new Set(["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]),
  );
  expect(oidc.issuer).toBe(oauth2.issuer);
  for (const [name, value] of Object.entries(oauth2)) expect(oidc[name], name).toEqual(value);
  expect(oidc).toMatchObject({ subject_types_supported: ["public"] });
  expect(new Set(oidc.id_token_signing_alg_values_supported as string[])).toEqual(
    new Set(["ES256", "RS256", "EdDSA"]),
  );
});

test("the issuer is the setting's, whatever the request says", async () => {
  for (const path of WELL_KNOWN) {
    const answer = await ask("GET", path, {
      "x-forwarded-host": "evil.example",
      forwarded: "host=evil.example;proto=https",
    });
    expect(JSON.parse(answer.text).issuer, path).toBe(scene().origin);
    expect(answer.text).not.toContain("evil");
    expect(answer.headers["content-type"]).toMatch(/^application\/json\b/);
    expect(answer.setCookies).toEqual([]);
  }
});

test("a registered origin reads what a browser's program needs, without credentials", async () => {
  for (const [method, path] of READABLE) {
    for (const origin of [SPA, "http://localhost:5173"]) {
      const asked = await preflight(path, origin, method);
      expect.soft([200, 204], `OPTIONS ${path}`).toContain(asked.status);
      expect.soft(asked.headers["access-control-allow-origin"], `OPTIONS ${path}`).toBe(origin);
      expect.soft(asked.headers["access-control-allow-methods"], `OPTIONS ${path}`).toContain(method);
      const answer = await ask(method, path, {
        origin,
        "sec-fetch-site": "cross-site",
        "sec-fetch-mode": "cors",
      });
      expect.soft(answer.headers["access-control-allow-origin"], `${method} ${path}`).toBe(origin);
      for (const { headers } of [asked, answer]) {
        expect.soft(headers.vary ?? "", `${path}: vary`).toMatch(/\bOrigin\b/i);
        expect.soft(headers["access-control-allow-credentials"], path).toBeUndefined();
      }
    }
    if (path.startsWith("/oauth")) {
      const asked = await preflight(path, SPA, method);
      const names = String(asked.headers["access-control-allow-headers"]).toLowerCase();
      for (const name of ["authorization", "content-type", "dpop"]) expect.soft(names, path).toContain(name);
    }
  }
  const exposed = await ask("POST", "/oauth/token", { origin: SPA });
  expect(String(exposed.headers["access-control-expose-headers"]).toLowerCase()).toContain("dpop-nonce");
});

test("no other origin does", async () => {
  for (const origin of [
    "https://evil.example",
    "null",
    "https://spa.example.evil.example",
    "https://spa.example:444",
    "http://spa.example",
    "https://SPA.example",
    "https://spa.example/",
    "*",
  ]) {
    for (const [method, path] of READABLE) {
      const answers = [await ask(method, path, { origin }), await preflight(path, origin, method)];
      for (const { headers } of answers) expect.soft(allowed(headers), `${origin} ${path}`).toEqual([]);
    }
  }
});

test("nothing else is readable from a registered origin either", async () => {
  for (const [method, path] of UNREADABLE) {
    const answers = [await ask(method, path, { origin: SPA }), await preflight(path, SPA, method)];
    for (const { headers } of answers) expect.soft(allowed(headers), `${method} ${path}`).toEqual([]);
  }
});
