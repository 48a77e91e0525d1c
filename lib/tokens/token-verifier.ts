import { AsyncLocalStorage } from "node:async_hooks";
import { LRUCache } from "lru-cache";
import type { Clock } from "@/lib/crypto/clock";
import {
  checkTimes,
  type Verification,
  type VerificationRules,
  type VerifiedToken,
  verifyAccessToken,
} from "./verify";

const MAX_CACHED_TOKENS = 10_000;

/**
 * Verifies access tokens and remembers, by its exact bytes, each whose signature held, so that a signature is
 * checked once per process. Time is checked at every request; a change of the keyring forgets everything.
 */
export class TokenVerifier {
  readonly #cache = new LRUCache<string, VerifiedToken>({ max: MAX_CACHED_TOKENS });
  #cachedVersion = 0;
  /** What one request was accepted with. */
  readonly #accepted = new AsyncLocalStorage<Map<string, Verification>>();

  constructor(
    private readonly rules: VerificationRules,
    private readonly keyring: { readonly version: number },
    private readonly clock: Clock,
  ) {}

  /**
   * Within `handle`, a token that was accepted stays so, however often the request is checked: neither the clock nor a
   * key that is taken away cuts it off in the middle.
   */
  duringRequest<Result>(handle: () => Result): Result {
    return this.#accepted.run(new Map(), handle);
  }

  async verify(text: string): Promise<Verification> {
    const accepted = this.#accepted.getStore();
    const verification = accepted?.get(text) ?? (await this.#verify(text));
    if (verification.ok) accepted?.set(text, verification);
    return verification;
  }

  async #verify(text: string): Promise<Verification> {
    this.#forgetWhenKeysChanged();
    const cached = this.#cache.get(text);
    if (cached === undefined) return this.#verifyFresh(text);
    const fault = checkTimes(cached.claims, this.rules.clockToleranceSeconds, this.clock.now());
    return fault === null ? { ok: true, ...cached } : { ok: false, reason: fault };
  }

  async #verifyFresh(text: string): Promise<Verification> {
    const { version } = this.keyring;
    const verification = await verifyAccessToken(text, this.rules, this.clock.now());
    if (verification.ok && version === this.keyring.version) {
      this.#cache.set(text, { claims: verification.claims, kid: verification.kid });
    }
    return verification;
  }

  #forgetWhenKeysChanged(): void {
    if (this.#cachedVersion === this.keyring.version) return;
    this.#cache.clear();
    this.#cachedVersion = this.keyring.version;
  }
}
