import { addSeconds, secondsBetween } from "../../../lib/crypto/clock";
import { durationWords } from "../duration-words";
import { UNSAID_MAX_AGE_SECONDS } from "./caching-verifier";
import type { Seen, SeenDocument } from "./seen";

export interface Check {
  check: string;
  /** `NOT SEEN`: the drill ended before it could be told. */
  outcome: "PASS" | "FAIL" | "NOT SEEN";
  says: string;
}

/** An instance may not have heard of the request yet, so what it foresees is still the former plan. */
const HEARD_SECONDS = 1;

/** The database's clock is known here and there but for the time that a question takes. */
const CLOCK_ERROR_SECONDS = 1;

/** What a drill has seen, judged. `untilSwitch`: the former key's tokens were not followed until they expire. */
export function judge(seen: Seen, untilSwitch: boolean): Check[] {
  return [
    { check: "the new key was in the JWKS long enough before it signed", ...judgePublication(seen) },
    { check: "the announced key signs", ...judgeSwitch(seen) },
    { check: "every verification succeeded", ...judgeVerifications(seen) },
    { check: "no unknown kid was met", ...judgeUnknownKids(seen) },
    { check: "the former key's tokens were good to the last", ...judgeFormerTokens(seen, untilSwitch) },
    { check: "the session lived through it", ...judgeSession(seen) },
    { check: "every request was answered", ...judgeRequests(seen) },
    { check: "no JWKS may be kept past a change", ...judgeMaxAges(seen) },
  ];
}

type Judgement = Omit<Check, "check">;

const judged = (isWell: boolean, says: string): Judgement => ({ outcome: isWell ? "PASS" : "FAIL", says });
const notSeen = (says: string): Judgement => ({ outcome: "NOT SEEN", says });

/** It was staged for as long as a JWKS may be kept, and no JWKS without it could be kept until it signed. */
function judgePublication({ rotation, switchedAt, documents }: Seen): Judgement {
  if (rotation === null || switchedAt === null) return notSeen("it has not signed");
  const { kid, stagedAt } = rotation;
  const staged = secondsBetween(stagedAt, switchedAt);
  const needed = Math.max(...documents.map(keptFor));
  const lacking = documents.filter(({ kids }) => !kids.includes(kid));
  const late = Math.max(
    ...lacking.map((document) => secondsBetween(switchedAt, document.at) + keptFor(document)),
  );
  const first = documents.find(({ at, kids }) => at < switchedAt && kids.includes(kid));
  const says = (what: string) => `staged ${durationWords(staged)} before its first token, ${what}`;
  if (staged < needed) return judged(false, says(`and a JWKS may be kept for ${durationWords(needed)}`));
  if (late > 0)
    return judged(false, says(`and a JWKS without it may be kept until ${durationWords(late)} after it`));
  if (first === undefined) return judged(false, says("and in no JWKS until then"));
  return judged(
    true,
    says(`seen in the JWKS ${secondsBetween(first.at, switchedAt).toFixed(1)} s before it`),
  );
}

const keptFor = ({ maxAgeSeconds }: SeenDocument): number => maxAgeSeconds ?? UNSAID_MAX_AGE_SECONDS;

function judgeSwitch({ rotation, switchedAt, now }: Seen): Judgement {
  if (rotation === null) return notSeen("none was announced");
  const { kid, signsFrom } = rotation;
  if (switchedAt !== null) {
    const late = Math.max(0, secondsBetween(signsFrom, switchedAt)).toFixed(1);
    return judged(true, `${kid}, first seen ${late} s after the time announced`);
  }
  const overdue = secondsBetween(signsFrom, now);
  const due = `${kid}, announced for ${signsFrom.toISOString()}`;
  return overdue > 0 ? judged(false, `${due}, has not signed ${durationWords(overdue)} later`) : notSeen(due);
}

function judgeVerifications({ verified, failed, firstFailure, tokens }: Seen): Judgement {
  const first = firstFailure === null ? "" : `, the first by ${firstFailure}`;
  const says = `${counted(verified)} done of ${counted(tokens)} tokens, ${counted(failed)} failed${first}`;
  return verified + failed === 0 ? notSeen(says) : judged(failed === 0, says);
}

function judgeUnknownKids({ verified, failed, unknownKids }: Seen): Judgement {
  if (verified + failed === 0) return notSeen("nothing was verified");
  return judged(unknownKids === 0, `${counted(unknownKids)} met`);
}

function judgeFormerTokens({ switchedAt, formerTokens, now }: Seen, untilSwitch: boolean): Judgement {
  if (switchedAt === null) return notSeen("the former key has not been replaced");
  const { held, outlived, verified, failed } = formerTokens;
  const after = durationWords(secondsBetween(switchedAt, now));
  const says = `${counted(held)} tokens verified ${counted(verified)} times after the switch, ${counted(failed)} failed`;
  if (failed > 0 || held === 0) return judged(false, says);
  if (outlived === held) return judged(true, `${says}, the last expired after ${after}`);
  const left = `${says}, ${counted(held - outlived)} of them not followed until they expire`;
  return untilSwitch ? judged(verified > 0, left) : notSeen(left);
}

function judgeSession({ tokens, isSignedOut, startedAt, now }: Seen): Judgement {
  const says = `${counted(tokens)} tokens in ${durationWords(secondsBetween(startedAt, now))}`;
  if (isSignedOut) return judged(false, `${says}, then it was signed out`);
  return tokens === 0 ? notSeen(says) : judged(true, says);
}

function judgeRequests({ requests, requestFailures, firstRequestFailure }: Seen): Judgement {
  const first = firstRequestFailure === null ? "" : `, the first: ${firstRequestFailure}`;
  const says = `${counted(requests)} made, ${counted(requestFailures)} failed${first}`;
  return requests === 0 ? notSeen(says) : judged(requestFailures === 0, says);
}

/** Of the changes that can be foreseen: the switch, and the former key's leaving. */
function judgeMaxAges({ rotation, switchedAt, documents }: Seen): Judgement {
  const unsaid = documents.filter(({ maxAgeSeconds }) => maxAgeSeconds === null);
  if (unsaid.length > 0)
    return judged(false, `${counted(unsaid.length)} did not say how long they may be kept`);
  if (rotation === null || switchedAt === null) return notSeen("nothing has changed");
  const { requestedAt, signsFrom, formerKid } = rotation;
  const heard = addSeconds(requestedAt, HEARD_SECONDS);
  const left = documents.find(({ at, kids }) => at > switchedAt && !kids.includes(formerKid));
  const before = documents.filter(({ askedAt, at }) => askedAt > heard && at < signsFrom);
  const after = documents.filter(({ at, kids }) => at > switchedAt && kids.includes(formerKid));
  const late = [...before.filter(keptPast(signsFrom)), ...after.filter(keptPast(left?.at ?? null))];
  return judged(
    late.length === 0,
    `${counted(before.length)} read before the switch and ${counted(after.length)} after it, ${counted(late.length)} may be kept for too long`,
  );
}

/** Counted from when it was asked for, as a cache does (RFC 9111 section 4.2.3). */
const keptPast =
  (change: Date | null) =>
  ({ askedAt, maxAgeSeconds, ageSeconds }: SeenDocument): boolean => {
    const keptUntil = addSeconds(askedAt, Math.max(0, (maxAgeSeconds ?? 0) - ageSeconds));
    return change !== null && keptUntil > addSeconds(change, CLOCK_ERROR_SECONDS);
  };

const counted = (count: number): string => count.toLocaleString("en");
