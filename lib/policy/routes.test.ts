import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { findRoute, INTERNAL, ROUTE_PATTERNS, ROUTES, routeFor, UNKNOWN_API, UNKNOWN_PAGE } from "./routes";

/** Written out a second time on purpose: opening a route to strangers has to be done in two places. */
const OPEN_TO_STRANGERS = [
  "/",
  "/.well-known/jwks.json",
  "/.well-known/oauth-authorization-server",
  "/.well-known/openid-configuration",
  "/api/auth/login",
  "/api/auth/logout",
  "/api/auth/refresh",
  "/api/auth/signup",
  "/api/csp-reports",
  "/api/revocations",
  "/error.css",
  "/favicon.ico",
  "/healthz",
  "/icon.svg",
  "/login",
  "/metrics",
  "/oauth/authorize",
  "/oauth/device_authorization",
  "/oauth/end-session",
  "/oauth/introspect",
  "/oauth/par",
  "/oauth/revoke",
  "/oauth/token",
  "/oauth/userinfo",
  "/readyz",
  "/reset-password",
  "/robots.txt",
  "/setup",
  "/sign-out",
  "/signup",
];

const patternsWith = (...access: string[]) =>
  ROUTES.filter((route) => access.includes(route.access))
    .map((route) => route.pattern)
    .sort();

const example = (pattern: string) =>
  pattern
    .replaceAll("{id}", "0198f0c2-1b2a-7c3d-8e4f-000000000001")
    .replaceAll("{identifier}", encodeURIComponent("https://orders.example:8443/v1"));

describe("the table", () => {
  it("opens exactly these routes to a stranger", () => {
    expect(patternsWith("anonymous", "optional")).toEqual(OPEN_TO_STRANGERS);
  });

  it("asks for an administrator on everything under admin, and nowhere else", () => {
    const under = ROUTES.map((route) => route.pattern).filter((pattern) =>
      /^(\/api)?\/admin(\/|$)/.test(pattern),
    );
    expect(patternsWith("admin")).toEqual(under.sort());
    expect(under).toHaveLength(26);
  });

  it("names each pattern once and never an internal one", () => {
    const patterns = ROUTES.map((route) => route.pattern);
    expect(new Set(patterns).size).toBe(patterns.length);
    expect(patterns.filter((pattern) => pattern.startsWith("/_"))).toEqual([]);
  });

  it("lets an API answer what API.md says", () => {
    const methods = Object.fromEntries(
      ROUTES.filter((route) => route.kind === "api").map((route) => [route.pattern, route.methods.join(" ")]),
    );
    expect(methods).toEqual({
      "/.well-known/jwks.json": "GET OPTIONS HEAD",
      "/.well-known/oauth-authorization-server": "GET OPTIONS HEAD",
      "/.well-known/openid-configuration": "GET OPTIONS HEAD",
      "/oauth/token": "POST OPTIONS",
      "/oauth/revoke": "POST OPTIONS",
      "/oauth/userinfo": "GET POST OPTIONS HEAD",
      "/oauth/introspect": "POST",
      "/oauth/par": "POST",
      "/oauth/device_authorization": "POST",
      "/api/csp-reports": "POST",
      "/api/revocations": "GET HEAD",
      "/api/auth/refresh": "POST",
      "/api/auth/logout": "POST",
      "/api/auth/login": "POST",
      "/api/auth/signup": "POST",
      "/api/auth/session": "GET HEAD",
      "/api/auth/password": "POST",
      "/api/auth/token": "POST",
      "/api/sessions": "GET DELETE HEAD",
      "/api/sessions/{id}": "DELETE",
      "/api/apps": "GET HEAD",
      "/api/apps/{id}": "DELETE",
      "/api/admin/sessions": "GET HEAD",
      "/api/admin/sessions/revoke": "POST",
      "/api/admin/users": "GET POST HEAD",
      "/api/admin/users/{id}": "PATCH",
      "/api/admin/users/{id}/link": "POST",
      "/api/admin/tokens/revoke": "POST",
      "/api/admin/keys": "GET HEAD",
      "/api/admin/keys/rotate": "POST",
      "/api/admin/keys/{id}/revoke": "POST",
      "/api/admin/audiences": "GET POST HEAD",
      "/api/admin/audiences/{identifier}": "PATCH DELETE",
      "/api/admin/audiences/{identifier}/secrets": "POST",
      "/api/admin/audiences/{identifier}/secrets/activate": "POST",
      "/api/admin/audiences/{identifier}/feed-token": "POST",
      "/api/admin/clients": "GET POST HEAD",
      "/api/admin/clients/{id}": "GET PATCH DELETE HEAD",
      "/api/admin/clients/{id}/secrets": "POST DELETE",
      "/api/admin/clients/{id}/revoke": "POST",
    });
  });

  it("lets scripts of other sites ask just what they may send to these, and be answered", () => {
    const asked = ROUTES.filter(({ methods }) => methods.includes("OPTIONS"));
    expect(asked.map(({ pattern }) => pattern)).toEqual([
      "/.well-known/jwks.json",
      "/.well-known/oauth-authorization-server",
      "/.well-known/openid-configuration",
      "/oauth/token",
      "/oauth/revoke",
      "/oauth/userinfo",
    ]);
  });

  it("takes unsafe requests of other sites for clients alone", () => {
    const forClients = ROUTES.filter(({ isForClients }) => isForClients).map(({ pattern }) => pattern);
    expect(forClients.filter((pattern) => !/^\/(oauth|\.well-known)\//.test(pattern))).toEqual([]);
    expect(forClients).not.toContain("/oauth/consent");
    expect(forClients).not.toContain("/oauth/continue");
  });

  it("answers no TRACE or other method, and lets only pages and the API post", () => {
    for (const route of [...ROUTES, UNKNOWN_PAGE, UNKNOWN_API, INTERNAL]) {
      expect(["GET", "OPTIONS", "HEAD", "POST", "PUT", "PATCH", "DELETE"]).toEqual(
        expect.arrayContaining([...route.methods]),
      );
    }
    for (const route of ROUTES.filter(({ kind }) => kind === "document")) {
      expect(route.methods).toEqual(["GET", "HEAD"]);
    }
    expect(UNKNOWN_PAGE.methods).not.toContain("POST");
  });

  test.each(ROUTES.map((route) => [route.pattern, route] as const))("%s finds itself", (pattern, route) => {
    expect(findRoute(example(pattern))).toBe(route);
    expect(routeFor(example(pattern))).toBe(route);
  });
});

describe("paths beside the table", () => {
  const unknownPages = [
    "",
    "admin",
    "//admin",
    "/./admin",
    "/x/../admin",
    "/%61dmin",
    "/admin%2f",
    "/%2e%2e/admin",
    "/admin/",
    "/ADMIN",
    "/Admin",
    "/admin;x",
    "/admin%00",
    "/en/admin",
    "/admin\\",
    "/admin.",
    "/admin ",
    " /admin",
    "/admin.rsc",
    "/admin.json",
    "/account/x.css",
    "/account/security/",
    "/login/",
    "/login/x",
    "/LOGIN",
    "/healthz/",
    "/metrics/",
    "/Metrics",
    "/metrics.rsc",
    "/healthz.json",
    "/.well-known",
    "/.well-known/jwks",
    "/constructor",
    "/__proto",
    "/toString",
    "/favicon.ico/x",
    "/adminx",
    "/admi",
    "/index",
    "/{id}",
    "/apis/x",
    "/API/auth/login",
  ].filter((path) => !path.startsWith("/_"));
  test.each(unknownPages)("%j is an unknown page", (path) => {
    expect(findRoute(path)).toBeNull();
    expect(routeFor(path)).toBe(UNKNOWN_PAGE);
  });

  test.each([
    "/api",
    "/api/",
    "/api/x",
    "/api/auth",
    "/api/auth/login/",
    "/api/auth/Login",
    "/api/auth/login/x",
    "/api/sessions/",
    "/api/sessions/a/b",
    "/api/sessions/%61",
    "/api/sessions/a.b",
    "/api/sessions/{id}",
    `/api/sessions/${"a".repeat(65)}`,
    "/api/admin/users/me/../other",
    "/api/admin/users//link",
    "/api/admin/users/a/link/",
    "/api/admin/keys/rotate/now",
    "/api/admin/keys/a.b/revoke",
    "/api/admin/audit",
  ])("%j is an unknown API", (path) => {
    expect(findRoute(path)).toBeNull();
    expect(routeFor(path)).toBe(UNKNOWN_API);
  });

  test.each([
    "/_next",
    "/_next/",
    "/_next/image",
    "/_next/data/b/admin.json",
    "/_next/../admin",
    "/_next/image/../../admin",
    "/_next/static/x.js",
    "/_not-found",
    "/_global-error",
    "/_error",
    "/__nextjs_source-map",
    "/__proto__",
  ])("%j is refused whoever asks", (path) => {
    expect(findRoute(path)).toBeNull();
    expect(routeFor(path)).toBe(INTERNAL);
    expect(INTERNAL).toMatchObject({ access: "nobody", methods: [] });
  });

  it("asks a stranger for a session on whatever is unknown", () => {
    expect(UNKNOWN_PAGE).toMatchObject({ access: "session", kind: "page" });
    expect(UNKNOWN_API).toMatchObject({ access: "session", kind: "api" });
  });

  it("takes an id of 1 to 64 characters", () => {
    expect(findRoute(`/api/sessions/${"a_-Z9".repeat(20).slice(0, 64)}`)?.pattern).toBe("/api/sessions/{id}");
    expect(findRoute("/api/sessions/a")?.pattern).toBe("/api/sessions/{id}");
  });

  it("opens nothing but the list, for any path", () => {
    const piece = fc.constantFrom(
      "/",
      "admin",
      "login",
      "api",
      "auth",
      "..",
      ".",
      "%2f",
      "\\",
      ";",
      "x",
      "?",
      "LOGIN",
      "",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((pieces) => `/${pieces.join("")}`),
        ),
        (path) => {
          const { access, pattern } = routeFor(path);
          expect(ROUTE_PATTERNS).toContain(pattern);
          const open = access === "anonymous" || access === "optional";
          expect(open).toBe(OPEN_TO_STRANGERS.includes(path));
        },
      ),
    );
  });
});
