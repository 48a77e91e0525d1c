import type { DenialKind } from "@/lib/revocation/denial";
import { type FeedAnswer, KINDS } from "./feed-answer";
import type { RevocableToken } from "./revocations";

/** The revocations that are known, with the NumericDates after which they may be forgotten. */
export type DeniedTokens = Readonly<Record<DenialKind, Map<string, number>>>;

export const noDeniedTokens = (): DeniedTokens => ({ jti: new Map(), sid: new Map(), kid: new Map() });

export const isAmong = (denied: DeniedTokens, token: RevocableToken): boolean =>
  KINDS.some((kind) => denied[kind].has(token[kind]));

/** What has expired by the issuer's clock, and by ours, which judges the tokens: whichever is wrong, nothing is forgotten too soon. */
export function learn(
  known: DeniedTokens,
  { isComplete, revocations, readAtMs }: FeedAnswer,
  now: Date,
): DeniedTokens {
  const denied = isComplete ? noDeniedTokens() : known;
  for (const [kind, value, exp] of revocations) {
    denied[kind].set(value, Math.max(denied[kind].get(value) ?? 0, exp));
  }
  for (const expiries of Object.values(denied)) {
    for (const [value, exp] of expiries) if (exp * 1000 <= Math.min(readAtMs, +now)) expiries.delete(value);
  }
  return denied;
}
