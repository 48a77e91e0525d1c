import { MAX_ACCESS_TOKEN_SECONDS } from "@/lib/config/durations";

/** How tokens for one audience are made and checked. */
export interface Profile {
  /** JOSE `typ`, compared after RFC 7515 section 4.1.9 (without `application/`, any case). */
  type: string;
  lifetimeSeconds: number;
  /** A token whose `exp - iat` is longer is refused. Above the lifetime, which a restart may shorten. */
  maxLifetimeSeconds: number;
  maxBytes: number;
}

/** `mesh`: verified by JWKS, RFC 9068. */
export const meshProfile = (accessTokenSeconds: number): Profile => ({
  type: "at+jwt",
  lifetimeSeconds: accessTokenSeconds,
  maxLifetimeSeconds: MAX_ACCESS_TOKEN_SECONDS,
  maxBytes: 4096,
});
