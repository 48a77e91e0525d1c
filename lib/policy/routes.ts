/**
 * Who may ask for what: the exact route table, default deny. Facts only; `findRoute` takes the entry.
 *
 * - `anonymous`: authentication is not looked at.
 * - `optional`: signed in or not; a session that is there is renewed in line.
 * - `session`, `admin`: needs one.
 * - `nobody`: refused whoever asks.
 */
export type Access = "anonymous" | "optional" | "session" | "admin" | "nobody";

export interface Route {
  pattern: string;
  access: Access;
  kind: "page" | "api" | "document";
  methods: readonly string[];
  /**
   * Any site may send its requests, unsafe ones included: they carry what proves who sent them, and no unsafe one does
   * anything by a cookie.
   */
  isForClients?: true;
}

/** A server action posts to the address of its page. */
const PAGE_METHODS = ["GET", "HEAD", "POST"] as const;

const page = (access: Access, pattern: string): Route => ({
  pattern,
  access,
  kind: "page",
  methods: PAGE_METHODS,
});

const withHead = (methods: readonly string[]): readonly string[] =>
  methods.includes("GET") ? [...methods, "HEAD"] : methods;

const api = (access: Access, pattern: string, ...methods: string[]): Route => ({
  pattern,
  access,
  kind: "api",
  methods: withHead(methods),
});

const file = (pattern: string): Route => ({
  pattern,
  access: "anonymous",
  kind: "document",
  methods: ["GET", "HEAD"],
});

/** An endpoint of OAuth 2: for clients, which may be anywhere. */
const endpoint = (pattern: string, ...methods: string[]): Route => ({
  pattern,
  access: "anonymous",
  kind: "api",
  methods: withHead(methods),
  isForClients: true,
});

/** Where a client sends a person's browser, with a form or without. No HEAD: Next would answer it as a GET. */
const arrival = (pattern: string): Route => ({
  pattern,
  access: "optional",
  kind: "page",
  methods: ["GET", "POST"],
  isForClients: true,
});

export const ROUTES: readonly Route[] = [
  file("/healthz"),
  file("/readyz"),
  // Anonymous here: whether a caller may read it, the front door decides (metrics-access.ts).
  file("/metrics"),
  endpoint("/.well-known/jwks.json", "GET", "OPTIONS"),
  endpoint("/.well-known/oauth-authorization-server", "GET", "OPTIONS"),
  endpoint("/.well-known/openid-configuration", "GET", "OPTIONS"),
  file("/robots.txt"),
  file("/error.css"),
  file("/favicon.ico"),
  file("/icon.svg"),

  page("optional", "/"),
  page("optional", "/login"),
  page("optional", "/signup"),
  page("optional", "/setup"),
  page("optional", "/reset-password"),

  arrival("/oauth/authorize"),
  arrival("/oauth/end-session"),
  page("session", "/oauth/consent"),
  page("session", "/oauth/continue"),
  page("optional", "/sign-out"),
  page("session", "/device"),

  endpoint("/oauth/token", "POST", "OPTIONS"),
  endpoint("/oauth/revoke", "POST", "OPTIONS"),
  endpoint("/oauth/userinfo", "GET", "POST", "OPTIONS"),
  endpoint("/oauth/introspect", "POST"),
  endpoint("/oauth/par", "POST"),
  endpoint("/oauth/device_authorization", "POST"),

  page("session", "/account"),
  page("session", "/account/security"),
  page("session", "/account/sessions"),
  page("session", "/account/apps"),

  page("admin", "/admin"),
  page("admin", "/admin/sessions"),
  page("admin", "/admin/users"),
  page("admin", "/admin/keys"),
  page("admin", "/admin/audiences"),
  page("admin", "/admin/audiences/view"),
  page("admin", "/admin/clients"),
  page("admin", "/admin/clients/view"),

  api("anonymous", "/api/csp-reports", "POST"),
  // Anonymous here: a service shows a token that is no session's, at which its handler looks.
  api("anonymous", "/api/revocations", "GET"),
  api("anonymous", "/api/auth/refresh", "POST"),
  api("anonymous", "/api/auth/logout", "POST"),
  api("anonymous", "/api/auth/login", "POST"),
  api("anonymous", "/api/auth/signup", "POST"),

  api("session", "/api/auth/session", "GET"),
  api("session", "/api/auth/password", "POST"),
  api("session", "/api/auth/token", "POST"),
  api("session", "/api/sessions", "GET", "DELETE"),
  api("session", "/api/sessions/{id}", "DELETE"),
  api("session", "/api/apps", "GET"),
  api("session", "/api/apps/{id}", "DELETE"),

  api("admin", "/api/admin/sessions", "GET"),
  api("admin", "/api/admin/sessions/revoke", "POST"),
  api("admin", "/api/admin/users", "GET", "POST"),
  api("admin", "/api/admin/users/{id}", "PATCH"),
  api("admin", "/api/admin/users/{id}/link", "POST"),
  api("admin", "/api/admin/tokens/revoke", "POST"),
  api("admin", "/api/admin/keys", "GET"),
  api("admin", "/api/admin/keys/rotate", "POST"),
  api("admin", "/api/admin/keys/{id}/revoke", "POST"),
  api("admin", "/api/admin/audiences", "GET", "POST"),
  api("admin", "/api/admin/audiences/{identifier}", "PATCH", "DELETE"),
  api("admin", "/api/admin/audiences/{identifier}/secrets", "POST"),
  api("admin", "/api/admin/audiences/{identifier}/secrets/activate", "POST"),
  api("admin", "/api/admin/audiences/{identifier}/feed-token", "POST"),
  api("admin", "/api/admin/clients", "GET", "POST"),
  api("admin", "/api/admin/clients/{id}", "GET", "PATCH", "DELETE"),
  api("admin", "/api/admin/clients/{id}/secrets", "POST", "DELETE"),
  api("admin", "/api/admin/clients/{id}/revoke", "POST"),
];

/** What is not in the table asks for a session first, so that a stranger cannot tell which paths exist. */
export const UNKNOWN_PAGE: Route = {
  pattern: "/*",
  access: "session",
  kind: "page",
  methods: ["GET", "HEAD"],
};

/** Every method, so that a signed-in caller reads 404 and not 405. */
export const UNKNOWN_API: Route = {
  pattern: "/api/*",
  access: "session",
  kind: "api",
  methods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
};

/**
 * Next's own addresses (`/_next/image`, `/_next/data`, `/_global-error`, …) all begin with an underscore, ours
 * never do. `/_next/static` is served without asking here.
 */
export const INTERNAL: Route = { pattern: "/_*", access: "nobody", kind: "document", methods: [] };

/** Every pattern that `routeFor` may answer with. */
export const ROUTE_PATTERNS: readonly string[] = [...ROUTES, UNKNOWN_PAGE, UNKNOWN_API, INTERNAL].map(
  ({ pattern }) => pattern,
);

/** What may stand where a pattern has a name in braces. An identifier may be an address, with its slashes escaped. */
const NAMED_SEGMENTS = new Map([
  ["{id}", /^[A-Za-z0-9_-]{1,64}$/],
  ["{identifier}", /^(?:[A-Za-z0-9._~:-]|%2F|%3A){1,400}$/],
]);

const TABLE = ROUTES.map((route) => ({ route, segments: route.pattern.split("/") }));

function matches(pattern: readonly string[], segments: readonly string[]): boolean {
  if (pattern.length !== segments.length) return false;
  return pattern.every((expected, index) => {
    const segment = segments[index] ?? "";
    return NAMED_SEGMENTS.get(expected)?.test(segment) ?? expected === segment;
  });
}

/** The entry for exactly this path (no decoding, no folding of case or slashes), or null. */
export function findRoute(pathname: string): Route | null {
  const segments = pathname.split("/");
  return TABLE.find((entry) => matches(entry.segments, segments))?.route ?? null;
}

/** The entry for this path, or the one that stands for what is not in the table. */
export function routeFor(pathname: string): Route {
  if (pathname.startsWith("/_")) return INTERNAL;
  const known = findRoute(pathname);
  if (known !== null) return known;
  return `${pathname}/`.startsWith("/api/") ? UNKNOWN_API : UNKNOWN_PAGE;
}
