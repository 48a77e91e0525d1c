import { addSeconds, earlierOf, laterOf } from "@/lib/crypto/clock";
import type { Algorithm } from "./algorithms";
import type { KeyStanding } from "./custody";
import { audienceOfUse, type KeyState, type KeyUse, type SigningKeyRecord } from "./signing-key";

/** How long a key is in each of its states. */
export interface KeySchedule {
  /** From one activation to the next. */
  rotationSeconds: number;
  /** Published before it signs: longer than any verifier keeps the JWKS. */
  stagedSeconds: number;
  /** Published after it has signed: until the last token it signed is accepted nowhere. */
  retiringSeconds: number;
  /** So long after its time, a key that none of us can use or wants is taken from its place by whoever sees it. */
  abandonedSeconds: number;
}

/** What the life of a key depends on. */
export type KeyFacts = Pick<
  SigningKeyRecord,
  | "kid"
  | "use"
  | "state"
  | "algorithm"
  | "custody"
  | "createdAt"
  | "activatedAt"
  | "activatesAt"
  | "retiringAt"
> & { standing: KeyStanding };

/** The keys of one algorithm that sign tokens for everybody: one does, and one is staged to be the next. */
export interface KeyLine {
  algorithm: Algorithm;
  /** Whether a key of another line may sign in its place until one of its own may. */
  allowsStandIn: boolean;
}

/** The line of our own pages first. An audience takes its algorithm and no other. */
export function keyLines(own: Algorithm, needed: readonly Algorithm[]): KeyLine[] {
  const others = needed.filter((algorithm) => algorithm !== own);
  return [
    { algorithm: own, allowsStandIn: !needed.includes(own) },
    ...others.map((algorithm) => ({ algorithm, allowsStandIn: false })),
  ];
}

/** Those of which no key can be made for the moment. */
export type StuckAlgorithms = Pick<ReadonlySet<Algorithm>, "has" | "size">;

/** One change of one key. Each leaves the keys whole, so that a crash before or after any of them costs nothing. */
export type KeyStep =
  /** A new key that signs at once: there is none that could. */
  | { kind: "create"; algorithm: Algorithm }
  /** A new key that will sign from then on, or when somebody says so. */
  | { kind: "stage"; algorithm: Algorithm; activatesAt: Date | null }
  /** A staged key will sign earlier than was planned. */
  | { kind: "reschedule"; kid: string; activatesAt: Date }
  /** A staged key signs, and those that signed stop: more than one where secrets or signers were used side by side. */
  | { kind: "activate"; kid: string; replaces: readonly string[] }
  /** A key that signed stops without a successor of its own. */
  | { kind: "stop"; kid: string }
  /** Nothing that a key signed is accepted any more; or a staged key that will never sign. */
  | { kind: "retire"; kid: string };

/**
 * What is due now, the most urgent first, or null. Keys move staged -> active -> retiring -> retired by this alone;
 * emergency revocation is the other way out. `now` is one clock for all instances: the database's. The secrets of
 * audiences move by this only when they are refused, or have been retiring for long enough.
 *
 * Beside the key that signs there is always a staged one, so that the next rotation, planned or not, is to a key that
 * verifiers have heard of (docs/decisions/013).
 *
 * The lines of the algorithms that are `stuck` have to wait; the others go on.
 */
export function nextKeyStep(
  keys: readonly KeyFacts[],
  lines: readonly KeyLine[],
  schedule: KeySchedule,
  now: Date,
  stuck: StuckAlgorithms = new Set(),
): KeyStep | null {
  const moving = lines.filter(({ algorithm }) => !stuck.has(algorithm));
  return (
    removeRefused(keys) ??
    firstStep(moving, (line) => stepToSign(keys, line, schedule, now)) ??
    firstStep(moving, (line) => activateWhatIsDue(usableOf(keys, line), schedule, now)) ??
    firstStep(moving, (line) => stageSuccessor(usableOf(keys, line), line, schedule, now)) ??
    retireWhatIsOver(keys, schedule, now) ??
    // Whoever could not make a key may need what he has.
    (stuck.size > 0 ? null : clearAbandoned(keys, lines, schedule, now))
  );
}

function firstStep(lines: readonly KeyLine[], stepOf: (line: KeyLine) => KeyStep | null): KeyStep | null {
  for (const line of lines) {
    const step = stepOf(line);
    if (step !== null) return step;
  }
  return null;
}

/** A change that should have happened this long ago is not about to. */
const OVERDUE_SECONDS = 60;

/** When the published keys will change next, as far as can be known; in the past where that is about to happen. */
export function nextPublishedChange(
  keys: readonly Omit<KeyFacts, "standing">[],
  schedule: KeySchedule,
  now: Date,
): Date | null {
  const published = keys.filter(isOfLine);
  const hasSuccessor = ({ algorithm }: Pick<KeyFacts, "algorithm">) =>
    inState(published, "staged").some((key) => key.algorithm === algorithm);
  const changes = published.flatMap((key) => {
    if (key.state === "retiring") return [retiresAt(key, schedule)];
    // Its successor is published as soon as it signs.
    if (key.state === "staged") return [key.activatesAt ?? key.createdAt];
    return key.state === "active" && !hasSuccessor(key) ? [key.activatedAt ?? key.createdAt] : [];
  });
  const expected = changes.filter((at) => at >= addSeconds(now, -OVERDUE_SECONDS));
  return expected.length === 0 ? null : new Date(Math.min(...expected.map((at) => at.getTime())));
}

/** Of these the active key that signs: one kept where new keys are, if there is one, and the newest of those. */
function newestActive<Key extends Pick<KeyFacts, "state" | "activatedAt" | "standing">>(
  keys: readonly Key[],
): Key | null {
  const order = (a: Key, b: Key) => rank(a) - rank(b) || instantOf(b.activatedAt) - instantOf(a.activatedAt);
  return inState(keys, "active").toSorted(order)[0] ?? null;
}

/** What a key signs, and how: keys that have both in common follow one another. */
type KeyKind = Pick<KeyFacts, "algorithm"> & { use?: KeyUse };

/** The key of just this kind that signs here. */
export const activeKey = <Key extends KeyFacts>(keys: readonly Key[], kind: KeyKind): Key | null =>
  newestActive(usableOf(keys, kind));

/** The key that signs the tokens of our own pages: of this algorithm, else of any other line. */
export const signingKey = <Key extends KeyFacts>(keys: readonly Key[], algorithm: Algorithm): Key | null =>
  activeKey(keys, { algorithm }) ?? newestActive(usableKeys(keys).filter(isOfLine));

/** The active keys that could sign here and do not, because another of their kind does. */
export function spareKeys<Key extends KeyFacts>(keys: readonly Key[]): Key[] {
  return inState(usableKeys(keys), "active").filter((key) => activeKey(keys, key) !== key);
}

/** When a staged key may sign at the earliest. A key of the future was made before the clock was set back. */
export const soonestActivation = (
  { createdAt }: Pick<KeyFacts, "createdAt">,
  { stagedSeconds }: KeySchedule,
  now: Date,
): Date => addSeconds(earlierOf(createdAt, now), stagedSeconds);

function inState<Key extends Pick<KeyFacts, "state">>(keys: readonly Key[], state: KeyState): Key[] {
  return keys.filter((key) => key.state === state);
}

const instantOf = (instant: Date | null): number => instant?.getTime() ?? 0;

const rank = ({ standing }: Pick<KeyFacts, "standing">): number => (standing === "preferred" ? 0 : 1);

/** The keys that this process can sign with. */
export function usableKeys<Key extends Pick<KeyFacts, "standing">>(keys: readonly Key[]): Key[] {
  return keys.filter(({ standing }) => standing === "preferred" || standing === "usable");
}

/** Not a secret that one audience shares. */
export const isOfLine = ({ use }: Pick<KeyFacts, "use">): boolean => audienceOfUse(use) === null;

/** The keys of just this kind that this process can sign with. */
function usableOf<Key extends KeyFacts>(
  keys: readonly Key[],
  { use = "access_token", algorithm }: KeyKind,
): Key[] {
  return usableKeys(keys).filter((key) => key.use === use && key.algorithm === algorithm);
}

/** The staged key that signs next: kept where new keys are, if there is one, and the earliest of those. */
function nextStaged<Key extends KeyFacts>(ours: readonly Key[]): Key | null {
  const order = (a: KeyFacts, b: KeyFacts) =>
    rank(a) - rank(b) || instantOf(a.activatesAt) - instantOf(b.activatesAt) || (a.kid < b.kid ? -1 : 1);
  return inState(ours, "staged").toSorted(order)[0] ?? null;
}

/** The key of just this kind that this process will sign with next, or null. */
export const successor = <Key extends KeyFacts>(keys: readonly Key[], kind: KeyKind): Key | null =>
  nextStaged(usableOf(keys, kind));

const retire = ({ kid }: KeyFacts): KeyStep => ({ kind: "retire", kid });
const stop = ({ kid }: KeyFacts): KeyStep => ({ kind: "stop", kid });

function removeRefused(keys: readonly KeyFacts[]): KeyStep | null {
  const refused = keys.filter(({ standing }) => standing === "refused");
  const [active] = inState(refused, "active");
  if (active !== undefined) return stop(active);
  const [staged] = inState(refused, "staged");
  return staged === undefined ? null : retire(staged);
}

/**
 * What it takes for a key to sign in this line, where none does; or null. A key of another line that may stand in goes
 * on signing until a staged one may. It even begins to, where it is the only one that verifiers have heard of.
 */
export function stepToSign(
  keys: readonly KeyFacts[],
  line: KeyLine,
  schedule: KeySchedule,
  now: Date,
): KeyStep | null {
  const ours = usableOf(keys, line);
  const others = line.allowsStandIn ? usableKeys(keys).filter(isOfLine) : [];
  if (newestActive(ours) !== null) return null;
  const known = (staged: readonly KeyFacts[]) =>
    nextStaged(staged.filter((key) => soonestActivation(key, schedule, now) <= now));
  const own = known(ours);
  if (own === null && newestActive(others) !== null) return null;
  const kid = (own ?? known(others) ?? nextStaged(ours))?.kid;
  return kid === undefined
    ? { kind: "create", algorithm: line.algorithm }
    : { kind: "activate", kid, replaces: [] };
}

function activateWhatIsDue(ours: readonly KeyFacts[], schedule: KeySchedule, now: Date): KeyStep | null {
  const staged = nextStaged(ours);
  if (staged === null || instantOf(staged.activatesAt) > now.getTime()) return null;
  // Whoever signs with one of the others has a staged key too; it must be as well known by then.
  const mayStop = (key: KeyFacts) =>
    key.custody === staged.custody ||
    addSeconds(key.activatedAt ?? key.createdAt, schedule.stagedSeconds) <= now;
  const replaces = inState(ours, "active").filter(mayStop);
  return { kind: "activate", kid: staged.kid, replaces: replaces.map(({ kid }) => kid) };
}

function stageSuccessor(
  ours: readonly KeyFacts[],
  { algorithm }: KeyLine,
  schedule: KeySchedule,
  now: Date,
): KeyStep | null {
  const active = newestActive(ours);
  const staged = nextStaged(ours);
  const due = dueAt(active, schedule, now);
  if (staged?.standing !== "preferred") {
    const activatesAt = laterOf(due, addSeconds(now, schedule.stagedSeconds));
    return { kind: "stage", algorithm, activatesAt };
  }
  // The period was made shorter since it was staged.
  const activatesAt = laterOf(due, soonestActivation(staged, schedule, now));
  const isLate = instantOf(staged.activatesAt) > activatesAt.getTime();
  return isLate ? { kind: "reschedule", kid: staged.kid, activatesAt } : null;
}

/** When the key that signs has signed long enough. One kept where new keys no longer are has. */
function dueAt(active: KeyFacts | null, schedule: KeySchedule, now: Date): Date {
  if (active?.standing !== "preferred" || active.activatedAt === null) return now;
  return addSeconds(active.activatedAt, schedule.rotationSeconds);
}

function retireWhatIsOver(keys: readonly KeyFacts[], schedule: KeySchedule, now: Date): KeyStep | null {
  const over = inState(keys, "retiring").find((key) => retiresAt(key, schedule) <= now);
  return over === undefined ? null : retire(over);
}

/**
 * Keys of an algorithm, a secret or a signer that is out of use: nobody else would ever move them. Not before that is
 * certain: whoever still uses them would make others in their place, again and again.
 */
function clearAbandoned(
  keys: readonly KeyFacts[],
  lines: readonly KeyLine[],
  schedule: KeySchedule,
  now: Date,
): KeyStep | null {
  const isPast = (due: Date) => addSeconds(due, schedule.abandonedSeconds) <= now;
  const own = lines.flatMap((line) => [signingKey(keys, line.algorithm), successor(keys, line)]);
  for (const key of keys.filter(isOfLine)) {
    if (own.includes(key)) continue;
    const dueSince = addSeconds(key.activatedAt ?? key.createdAt, schedule.rotationSeconds);
    if (key.state === "active" && isPast(dueSince)) return stop(key);
    if (key.state === "staged" && isPast(key.activatesAt ?? key.createdAt)) return retire(key);
  }
  return null;
}

const retiresAt = (
  { retiringAt, createdAt }: Omit<KeyFacts, "standing">,
  { retiringSeconds }: KeySchedule,
): Date => addSeconds(retiringAt ?? createdAt, retiringSeconds);
