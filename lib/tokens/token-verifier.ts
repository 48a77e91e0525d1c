import type { Clock } from "@/lib/crypto/clock";
import type { CommonClaims } from "./claims";
import {
  checkTimes,
  refuse,
  type Verification,
  type VerificationRules,
  type VerifiedToken,
  verifyToken,
} from "./verify";

const MAX_CACHED_TOKENS = 10_000;

/** Of the signature or the tag, which differ from their first bit on: a longer text takes longer to look up. */
const KEY_CHARACTERS = 32;

interface Remembered<Claims extends CommonClaims> {
  text: string;
  verification: { ok: true } & VerifiedToken<Claims>;
}

/**
 * Verifies access tokens and remembers, by its exact bytes, each whose signature held, so that a signature is
 * checked once per process. Time is checked at every use; a change of the keys forgets everything.
 */
export class TokenVerifier<Claims extends CommonClaims> {
  /** In the order of their coming: the first to go has the least of its life left. */
  readonly #cache = new Map<string, Remembered<Claims>>();
  #cachedVersion = 0;

  readonly #rules: VerificationRules<Claims>;
  readonly #keys: { readonly version: number };
  readonly #clock: Clock;

  /** The version of the keys goes up whenever their set changes. */
  constructor(rules: VerificationRules<Claims>, keys: { readonly version: number }, clock: Clock) {
    this.#rules = rules;
    this.#keys = keys;
    this.#clock = clock;
  }

  async verify(text: string): Promise<Verification<Claims>> {
    const recalled = this.recall(text);
    if (recalled !== null) return recalled;
    const { version } = this.#keys;
    const verification = await verifyToken(text, this.#rules, this.#clock.now());
    if (!verification.ok) return verification;
    // The next request with it gets the same claims: what one handler wrote, another would believe.
    const { claims } = verification;
    for (const part of [claims, ...Object.values(claims)]) Object.freeze(part);
    if (version === this.#keys.version) this.#remember({ text, verification });
    // Its key may have been looked for elsewhere, which takes its time.
    return this.#inTime(verification);
  }

  /** The same without waiting, for a token that is remembered; null for any other. */
  recall(text: string): Verification<Claims> | null {
    if (this.#cachedVersion !== this.#keys.version) this.#cache.clear();
    this.#cachedVersion = this.#keys.version;
    const cached = this.#cache.get(keyOf(text));
    return cached?.text === text ? this.#inTime(cached.verification) : null;
  }

  #inTime(verification: Remembered<Claims>["verification"]): Verification<Claims> {
    const fault = checkTimes(verification.claims, this.#rules.clockToleranceSeconds, this.#clock.now());
    return fault === null ? verification : refuse(fault);
  }

  #remember(token: Remembered<Claims>): void {
    const [oldest = ""] = this.#cache.keys();
    if (this.#cache.size >= MAX_CACHED_TOKENS) this.#cache.delete(oldest);
    this.#cache.set(keyOf(token.text), token);
  }
}

const keyOf = (text: string): string => text.slice(-KEY_CHARACTERS);
