import { AsyncLocalStorage } from "node:async_hooks";
import type { CommonClaims } from "./claims";
import type { TokenVerifier } from "./token-verifier";
import type { Verification } from "./verify";

/**
 * Verifies the token of a request, however often the request is checked: once it was accepted, neither the clock nor a
 * key that is taken away cuts the request off in the middle.
 */
export class RequestVerifier<Claims extends CommonClaims> {
  /** What one request was accepted with. */
  readonly #accepted = new AsyncLocalStorage<Map<string, Verification<Claims>>>();

  constructor(private readonly verifier: TokenVerifier<Claims>) {}

  duringRequest<Result>(handle: () => Result): Result {
    return this.#accepted.run(new Map(), handle);
  }

  async verify(text: string): Promise<Verification<Claims>> {
    const accepted = this.#accepted.getStore();
    const verification = accepted?.get(text) ?? (await this.verifier.verify(text));
    if (verification.ok) accepted?.set(text, verification);
    return verification;
  }
}
