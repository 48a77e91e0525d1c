/** RFC 6750 section 2.1: the scheme in any case, one space, b64token. No comma, so two headers joined fail. */
const BEARER = /^bearer ([A-Za-z0-9\-._~+/]+=*)$/i;

export type BearerReading = { kind: "none" } | { kind: "token"; token: string } | { kind: "malformed" };

/** The bearer token of the request. A header that is there and holds anything else is `malformed`. */
export function bearerToken(headers: Headers): BearerReading {
  const header = headers.get("authorization");
  if (header === null) return { kind: "none" };
  const token = BEARER.exec(header)?.[1];
  return token === undefined ? { kind: "malformed" } : { kind: "token", token };
}
