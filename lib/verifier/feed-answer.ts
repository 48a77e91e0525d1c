import type { DenialKind } from "@/lib/revocation/denial";
import { isIdentifier } from "@/lib/tokens/claims";

/** What the revocation feed has answered, checked. */
export interface FeedAnswer {
  /** With which the next question goes on. */
  cursor: string;
  /** By the issuer's clock, in milliseconds since the epoch. */
  readAtMs: number;
  /** Whether these are all there are. */
  isComplete: boolean;
  revocations: readonly (readonly [kind: DenialKind, value: string, exp: number])[];
}

export const KINDS = ["jti", "sid", "kid"] as const satisfies DenialKind[];

/**
 * Throws for anything but an answer to the question with this nonce: a revocation that is not understood must not be
 * passed over, and an answer that somebody kept says nothing of now.
 */
export function readFeedAnswer(document: unknown, nonce: string): FeedAnswer {
  const { cursor, readAt, complete: isComplete, revocations, nonce: askedWith } = Object(document);
  const readAtMs = Date.parse(readAt);
  if (
    askedWith !== nonce ||
    !isIdentifier(cursor) ||
    !(readAtMs >= 0) ||
    typeof isComplete !== "boolean" ||
    !Array.isArray(revocations) ||
    !revocations.every(isRevocation)
  ) {
    throw new Error("no answer to this question");
  }
  return { cursor, readAtMs, isComplete, revocations };
}

const isRevocation = (entry: unknown): entry is [DenialKind, string, number] =>
  Array.isArray(entry) &&
  entry.length === 3 &&
  KINDS.includes(entry[0]) &&
  isIdentifier(entry[1]) &&
  Number.isFinite(entry[2]);
