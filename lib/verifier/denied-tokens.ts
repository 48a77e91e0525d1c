import type { DenialKind } from "@/lib/revocation/denial";
import type { FeedAnswer } from "./feed-answer";
import type { RevocableToken } from "./revocations";

type Expiries = Record<DenialKind, Map<string, number>>;

const noExpiries = (): Expiries => ({ jti: new Map(), sid: new Map(), kid: new Map() });

/** The revocations that are known, in memory. */
export class DeniedTokens {
  /** NumericDates. */
  #expiries = noExpiries();

  has({ jti, sid, kid }: RevocableToken): boolean {
    const expiries = this.#expiries;
    return expiries.jti.has(jti) || expiries.sid.has(sid) || expiries.kid.has(kid);
  }

  learn({ isComplete, revocations }: FeedAnswer): void {
    if (isComplete) this.#expiries = noExpiries();
    for (const [kind, value, exp] of revocations) {
      const known = this.#expiries[kind].get(value) ?? 0;
      this.#expiries[kind].set(value, Math.max(known, exp));
    }
  }

  forgetExpired(nowSeconds: number): void {
    for (const expiries of Object.values(this.#expiries)) {
      for (const [value, exp] of expiries) if (exp <= nowSeconds) expiries.delete(value);
    }
  }

  get size(): number {
    return Object.values(this.#expiries).reduce((sum, { size }) => sum + size, 0);
  }
}
