import { KEY_RETIRING_SECONDS } from "@/lib/config/durations";
import { addSeconds, laterOf } from "@/lib/crypto/clock";
import type { ListedKey } from "@/lib/keys/signing-key";

export type Phase = "staged" | "active" | "retiring";

/** A stretch of a key's life. What of it lies after the present is planned. */
export interface Span {
  phase: Phase;
  from: Date;
  /** Null: its end is not foreseen. Never before `from`, whatever the clocks said. */
  until: Date | null;
}

export type DatedKey = Pick<
  ListedKey,
  "kid" | "createdAt" | "activatesAt" | "activatedAt" | "retiringAt" | "retiredAt" | "revokedAt"
>;

/** What is foreseen. */
export interface KeyPlan {
  now: Date;
  /** When another key takes over from one that signs, by its kid; it is missing where that is not foreseen. */
  handovers: ReadonlyMap<string, Date>;
}

/** The life of a key from its beginning to its end, as far as that is over or foreseen. */
export function spansOf(key: DatedKey, plan: KeyPlan): Span[] {
  const { createdAt, retiringAt } = key;
  const signsFrom = firstSignature(key, plan);
  const spans = [spanOf("staged", createdAt, signsFrom ?? retiringAt ?? overAt(key))].filter(
    ({ from, until }) => until !== from,
  );
  if (signsFrom !== null)
    spans.push(spanOf("active", signsFrom, retiringAt ?? overAt(key) ?? takenOverAt(key, plan)));
  if (retiringAt !== null)
    spans.push(spanOf("retiring", retiringAt, overAt(key) ?? acceptedUntil(retiringAt, plan)));
  return spans;
}

const spanOf = (phase: Phase, from: Date, until: Date | null): Span => ({
  phase,
  from,
  until: until !== null && until <= from ? from : until,
});

const overAt = ({ revokedAt, retiredAt }: DatedKey): Date | null => revokedAt ?? retiredAt;

/** A staged key that should sign by now is about to; one that is over never did. */
function firstSignature(key: DatedKey, { now }: KeyPlan): Date | null {
  if (key.activatedAt !== null) return key.activatedAt;
  return overAt(key) === null && key.activatesAt !== null ? laterOf(key.activatesAt, now) : null;
}

function takenOverAt({ kid }: DatedKey, { now, handovers }: KeyPlan): Date | null {
  const at = handovers.get(kid);
  return at === undefined ? null : laterOf(at, now);
}

const acceptedUntil = (retiringAt: Date, { now }: KeyPlan): Date =>
  laterOf(addSeconds(retiringAt, KEY_RETIRING_SECONDS), now);

/** A turning point of a key's life in words. */
export interface Milestone {
  label: string;
  at: Date;
}

/** The same life as `spansOf` has it, for the table. */
export function milestonesOf(key: DatedKey, plan: KeyPlan): Milestone[] {
  const spans = spansOf(key, plan);
  const turns = spans.flatMap((span) => turnsOf(span, plan.now, key.revokedAt));
  if (key.revokedAt !== null) turns.push({ label: "Revoked", at: key.revokedAt });
  else if (key.retiredAt !== null && key.retiringAt === null)
    turns.push({ label: "Retired", at: key.retiredAt });
  return turns;
}

function turnsOf({ phase, from, until }: Span, now: Date, revokedAt: Date | null): Milestone[] {
  const end = until === revokedAt ? null : until;
  if (phase === "staged") return [{ label: "Staged", at: from }];
  if (phase === "retiring") return end === null ? [] : [{ label: "Accepted until", at: end }];
  const begins = { label: beginText(from, until, now), at: from };
  if (end === null) return [begins];
  return [begins, { label: end > now ? "Signs until" : "Signed until", at: end }];
}

function beginText(from: Date, until: Date | null, now: Date): string {
  if (from > now) return "Signs from";
  return until !== null && until <= now ? "Signed from" : "Signs since";
}
