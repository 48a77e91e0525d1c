import { z } from "zod";

/** The `client_id` (RFC 9068 section 2.2) of our own pages, which no registered client may have. */
export const OWN_CLIENT_ID = "latchkey";

/** 1 January 2020 to the year 2106: an instant outside was not written by a working clock. */
const numericDate = z.number().int().min(1_577_836_800).max(4_294_967_295);
const identifier = z.string().min(1).max(255);

/** Claims of an access token (RFC 9068 section 2.2), all required; unknown ones are refused. */
export const accessTokenClaims = z.strictObject({
  iss: identifier,
  aud: z.union([identifier, z.array(identifier).min(1).max(16)]),
  sub: identifier,
  client_id: identifier,
  exp: numericDate,
  nbf: numericDate,
  iat: numericDate,
  jti: identifier,
  /** The session it belongs to. */
  sid: identifier,
  /** The session's generation when it was issued; presenting it acknowledges that generation. */
  gen: z
    .number()
    .int()
    .min(0)
    .max(2 ** 31 - 1),
  role: z.enum(["user", "admin"]),
  /** When the person last proved who they are (RFC 9068 section 2.2.1). */
  auth_time: numericDate,
  /** How they proved it (RFC 8176). */
  amr: z
    .array(z.enum(["pwd"]))
    .min(1)
    .max(4),
});

export type AccessTokenClaims = z.infer<typeof accessTokenClaims>;
