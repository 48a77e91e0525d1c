import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey, jwtVerify } from "jose";
import { addSeconds } from "../../../lib/crypto/clock";
import { ALGORITHMS, type Algorithm, isSymmetric } from "../../../lib/keys/algorithms";
import { JWKS_PATH, maxAgeOf } from "../deployment";

/** Why a token was refused; null where it was not. */
export type Refusal = { isUnknownKid: boolean; says: string } | null;

/** For how long `createRemoteJWKSet` keeps a JWKS that does not say. */
export const UNSAID_MAX_AGE_SECONDS = 600;

/** Anything that a JWKS verifies with. */
const PUBLIC_ALGORITHMS = (Object.keys(ALGORITHMS) as Algorithm[]).filter((name) => !isSymmetric(name));

/**
 * A service that verifies by JWKS, as late to hear of a key as it may be: it keeps each JWKS for as long as its max-age
 * says, whatever a cache on the way has kept it for, and an unknown `kid` does not make it ask any sooner.
 */
export class CachingVerifier {
  #keys: JWTVerifyGetKey | null = null;
  #keptUntil = new Date(0);

  constructor(
    private readonly origin: string,
    private readonly clockToleranceSeconds: number,
  ) {}

  /** One answer a token, in their order. */
  async verifyAll(tokens: readonly string[], now: Date): Promise<Refusal[]> {
    if (this.#keys === null || now >= this.#keptUntil) this.#keys = this.#ask(now);
    const keys = this.#keys;
    return Promise.all(tokens.map((token) => this.#verify(token, keys, now)));
  }

  /** Asks at its first use. Its age is judged here, because one has to be configured before it is known. */
  #ask(now: Date): JWTVerifyGetKey {
    return createRemoteJWKSet(new URL(JWKS_PATH, this.origin), {
      cacheMaxAge: Number.POSITIVE_INFINITY,
      cooldownDuration: Number.POSITIVE_INFINITY,
      [customFetch]: async (url, options) => {
        const answer = await fetch(url, options);
        this.#keptUntil = addSeconds(now, maxAgeOf(answer.headers) ?? UNSAID_MAX_AGE_SECONDS);
        return answer;
      },
    });
  }

  async #verify(token: string, keys: JWTVerifyGetKey, now: Date): Promise<Refusal> {
    try {
      await jwtVerify(token, keys, {
        issuer: this.origin,
        audience: this.origin,
        typ: "at+jwt",
        algorithms: PUBLIC_ALGORITHMS,
        clockTolerance: this.clockToleranceSeconds,
        currentDate: now,
      });
      return null;
    } catch (error) {
      const says = error instanceof errors.JOSEError ? `${error.code}: ${error.message}` : String(error);
      return { isUnknownKid: error instanceof errors.JWKSNoMatchingKey, says };
    }
  }
}
