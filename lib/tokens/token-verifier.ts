import type { Clock } from "@/lib/crypto/clock";
import type { CommonClaims } from "./claims";
import {
  checkTimes,
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

  constructor(
    private readonly rules: VerificationRules<Claims>,
    /** The version goes up whenever the set of keys changes. */
    private readonly keys: { readonly version: number },
    private readonly clock: Clock,
  ) {}

  async verify(text: string): Promise<Verification<Claims>> {
    return this.recall(text) ?? this.#verifyFresh(text);
  }

  /** The same without waiting, for a token that is remembered; null for any other. */
  recall(text: string): Verification<Claims> | null {
    this.#forgetWhenKeysChanged();
    const cached = this.#cache.get(keyOf(text));
    if (cached?.text !== text) return null;
    const { verification } = cached;
    const fault = checkTimes(verification.claims, this.rules.clockToleranceSeconds, this.clock.now());
    return fault === null ? verification : { ok: false, reason: fault };
  }

  async #verifyFresh(text: string): Promise<Verification<Claims>> {
    const { version } = this.keys;
    const verification = await verifyToken(text, this.rules, this.clock.now());
    if (verification.ok && version === this.keys.version) this.#remember({ text, verification });
    return verification;
  }

  #remember(token: Remembered<Claims>): void {
    const [oldest] = this.#cache.keys();
    if (oldest !== undefined && this.#cache.size >= MAX_CACHED_TOKENS) this.#cache.delete(oldest);
    this.#cache.set(keyOf(token.text), token);
  }

  #forgetWhenKeysChanged(): void {
    if (this.#cachedVersion === this.keys.version) return;
    this.#cache.clear();
    this.#cachedVersion = this.keys.version;
  }
}

const keyOf = (text: string): string => text.slice(-KEY_CHARACTERS);
