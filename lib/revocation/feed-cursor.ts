import { sha256 } from "@/lib/crypto/derive-key";
import type { DenialCursor, DenialReading, FedDenial } from "./denial";
import { isAhead } from "./denial-cursor";

/** How far a reader outside has got, as it is told: it hands the text back, and nothing in it is secret. */
export interface FeedCursor {
  reached: DenialCursor;
  /** Digest of what it has seen and the next read would bring once more; empty when that is nothing. */
  repeated: string;
}

const RADIX = 36;
const DIGEST_BYTES = 12;

/** Bounds keep every number within what Postgres has for it. */
const CURSOR = /^1\.([A-Za-z0-9_-]{1,64})\.([0-9a-z]{1,12})\.([0-9a-z]{1,9})\.([A-Za-z0-9_-]{0,16})$/;

/** Of letters, digits, `-`, `_` and `.` alone. */
export function formatFeedCursor({ reached, repeated }: FeedCursor): string {
  const { database, oldestRunning, readAt } = reached;
  const name = Buffer.from(database).toString("base64url");
  return `1.${name}.${oldestRunning.toString(RADIX)}.${readAt.getTime().toString(RADIX)}.${repeated}`;
}

/** Null for whatever is no cursor. */
export function parseFeedCursor(text: string): FeedCursor | null {
  const [, name, oldestRunning, readAt, repeated] = CURSOR.exec(text) ?? [];
  if (name === undefined || oldestRunning === undefined || readAt === undefined) return null;
  return {
    reached: {
      database: Buffer.from(name, "base64url").toString(),
      oldestRunning: [...oldestRunning].reduce(
        (sum, digit) => sum * BigInt(RADIX) + BigInt(parseInt(digit, RADIX)),
        0n,
      ),
      readAt: new Date(parseInt(readAt, RADIX)),
    },
    repeated: repeated ?? "",
  };
}

/** Where whoever has seen this reading has got to. */
export function feedCursorAfter({ denials, cursor }: DenialReading): FeedCursor {
  return { reached: cursor, repeated: digest(denials.filter((denial) => isAhead(denial, cursor))) };
}

/** Whether a reading, which begins no later than this reader got, holds something that it cannot have seen. */
export function isNewsTo({ reached, repeated }: FeedCursor, { denials, isComplete }: DenialReading): boolean {
  if (isComplete) return true;
  if (repeated === "") return denials.some((denial) => isAhead(denial, reached));
  const unseen = denials.filter((denial) => isAhead(denial, reached));
  return unseen.length > 0 && digest(unseen) !== repeated;
}

function digest(denials: readonly FedDenial[]): string {
  if (denials.length === 0) return "";
  const lines = denials.map(({ kind, value, expiresAt }) =>
    JSON.stringify([kind, value, expiresAt.getTime()]),
  );
  return Buffer.from(sha256(lines.sort().join("\n")).subarray(0, DIGEST_BYTES)).toString("base64url");
}
