import { createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify } from "jose";
import type { Clock } from "@/lib/crypto/clock";
import type { JwksDocument } from "../jwks";

type ServedJwks = JwksDocument & { maxAgeSeconds: number };

/** Somebody else's service. It keeps the JWKS for exactly as long as it was told, and asks no sooner for any `kid`. */
export class CachingVerifier {
  #findKey: ReturnType<typeof createLocalJWKSet> | null = null;
  #freshUntilMs = Number.NEGATIVE_INFINITY;

  constructor(readonly clock: Clock) {}

  get needsJwks(): boolean {
    return this.clock.now().getTime() >= this.#freshUntilMs;
  }

  receive({ body, maxAgeSeconds }: ServedJwks): void {
    this.#findKey = createLocalJWKSet(JSON.parse(body) as JSONWebKeySet);
    this.#freshUntilMs = this.clock.now().getTime() + maxAgeSeconds * 1000;
  }

  /** Why it refuses the token; null when it takes it. */
  async verify(text: string): Promise<"unknown_key" | "expired" | "invalid" | null> {
    if (this.#findKey === null) throw new Error("The verifier has never been given a JWKS.");
    try {
      await jwtVerify(text, this.#findKey, { currentDate: this.clock.now(), clockTolerance: 60 });
      return null;
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) return "unknown_key";
      return error instanceof errors.JWTExpired ? "expired" : "invalid";
    }
  }
}
