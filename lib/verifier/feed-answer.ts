import type { DenialKind } from "@/lib/revocation/denial";
import { isObject } from "@/lib/tokens/compact";

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

const CURSOR = /^[A-Za-z0-9._-]{1,256}$/;
const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;
const KINDS: ReadonlySet<unknown> = new Set<DenialKind>(["jti", "sid", "kid"]);
const MAX_VALUE_LENGTH = 256;

/**
 * Throws for anything but an answer to the question with this nonce: a revocation that is not understood must not be
 * passed over, and an answer that somebody kept says nothing of now.
 */
export function readFeedAnswer(document: unknown, nonce: string): FeedAnswer {
  if (!isObject(document)) throw new Error("not an answer of a revocation feed");
  const { cursor, readAt, complete: isComplete, revocations } = document;
  if (
    typeof cursor !== "string" ||
    !CURSOR.test(cursor) ||
    typeof isComplete !== "boolean" ||
    !Array.isArray(revocations) ||
    !revocations.every(isRevocation)
  ) {
    throw new Error("not an answer of a revocation feed");
  }
  if (document.nonce !== nonce) throw new Error("an answer to another question");
  return { cursor, readAtMs: readInstant(readAt), isComplete, revocations };
}

function readInstant(text: unknown): number {
  const ms = typeof text === "string" && RFC3339.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new Error("not an answer of a revocation feed");
  return ms;
}

function isRevocation(entry: unknown): entry is [DenialKind, string, number] {
  if (!Array.isArray(entry) || entry.length !== 3) return false;
  const [kind, value, exp] = entry;
  const isValue = typeof value === "string" && value !== "" && value.length <= MAX_VALUE_LENGTH;
  return KINDS.has(kind) && isValue && Number.isFinite(exp) && exp > 0;
}
