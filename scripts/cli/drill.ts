import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { COMMAND_LINE } from "../../lib/audit/actor";
import { secondsBetween } from "../../lib/crypto/clock";
import { randomToken } from "../../lib/crypto/random";
import { changeUser } from "../../lib/identity/change-user";
import { createPerson } from "../../lib/identity/create-user";
import { isSymmetric } from "../../lib/keys/algorithms";
import { requestRotation } from "../../lib/keys/rotation";
import type { Services } from "../../lib/services";
import { PlainError } from "../plain-error";
import { type Command, type CommandResult, table } from "./command";
import { readPublishedKeys, requireDeployment } from "./deployment";
import { durationWords } from "./duration-words";
import { clearProgress, showProgress } from "./progress";
import { CachingVerifier } from "./rotation-drill/caching-verifier";
import { type DrillParts, RotationDrill } from "./rotation-drill/drill";
import { judge } from "./rotation-drill/judge";
import type { Seen } from "./rotation-drill/seen";
import { DrillVisitor } from "./rotation-drill/visitor";
import { requireSameSettings } from "./settings-fault";

const ROUND_MS = 1_000;
const REPEATED_SIGNAL_MS = 1_000;
const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface DrillConditions {
  /** Aborted when the drill is to end early and say what it has seen. */
  stopped: AbortSignal;
  /** Between two rounds; resolves early when the drill is stopped. */
  pause(): Promise<void>;
  onRound(rotation: RotationDrill): void;
}

export const drillRotation: Command = {
  parameters: "[--until-switch]",
  summary: "rotates for real while a client verifies tokens by JWKS, and says how that went",
  positionals: 0,
  options: { "until-switch": { type: "boolean" } },
  run: async (latchkey, { options }) => {
    const stopped = untilSignalled();
    const pause = () => wait(ROUND_MS, undefined, { signal: stopped }).catch(() => undefined);
    return drill(latchkey, options["until-switch"] === true, { stopped, pause, onRound: reporter() });
  },
};

/**
 * Aborted by the first signal. npm passes on what the terminal has sent to both, so that the same comes twice; one that
 * comes later ends the process as it always does.
 */
function untilSignalled(): AbortSignal {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) return;
    controller.abort();
    setTimeout(() => STOP_SIGNALS.map((signal) => process.off(signal, stop)), REPEATED_SIGNAL_MS).unref();
  };
  for (const signal of STOP_SIGNALS) process.on(signal, stop);
  return controller.signal;
}

/** The drill on the deployment at APP_ORIGIN. Throws `PlainError` where it cannot begin. */
export async function drill(
  latchkey: Services,
  untilSwitch: boolean,
  conditions: DrillConditions,
): Promise<CommandResult> {
  const { keyring, settings } = latchkey;
  if (isSymmetric(keyring.algorithm)) {
    throw new PlainError(`The keys of ${keyring.algorithm} are in no JWKS: there is nothing to drill.`);
  }
  await requireDeployment(settings.origin);
  await requireSameSettings(latchkey);
  const { result, leftBehind } = await withPerson(latchkey, async (person) => {
    const visitor = new DrillVisitor(settings.origin, settings.secureCookies);
    await visitor.signIn(person);
    const rotation = new RotationDrill(partsOf(latchkey, visitor, conditions), untilSwitch);
    await rotation.run().finally(clearProgress);
    return rotation.seen;
  });
  return toResult(result, untilSwitch, conditions.stopped.aborted, leftBehind);
}

/** Somebody who exists for as long as `use` takes. `leftBehind` says what is left of them to remove, if anything. */
async function withPerson<Result>(
  { identity }: Services,
  use: (person: { email: string; password: string }) => Promise<Result>,
): Promise<{ result: Result; leftBehind: string | null }> {
  const person = { email: `drill-${randomUUID()}@latchkey.invalid`, password: randomToken() };
  const { id } = await createPerson(identity, person, "user", COMMAND_LINE);
  const [used] = await Promise.allSettled([use(person)]);
  const [disabled] = await Promise.allSettled([
    changeUser(identity, id, { status: "disabled" }, COMMAND_LINE),
  ]);
  if (used.status === "rejected") throw used.reason;
  const isLeft = disabled.status === "rejected";
  return { result: used.value, leftBehind: isLeft ? `Run \`users disable ${person.email}\`.` : null };
}

function partsOf(
  latchkey: Services,
  visitor: DrillVisitor,
  { stopped, pause, onRound }: DrillConditions,
): DrillParts {
  const { settings, keyring } = latchkey;
  return {
    now: () => keyring.now,
    readKeys: () => readPublishedKeys(settings.origin),
    visitor,
    verifier: new CachingVerifier(settings.origin, settings.clockToleranceSeconds),
    requestRotation: async () => {
      const { kid, signsFrom } = await requestRotation(latchkey.keys, COMMAND_LINE, "drill rotation");
      const stagedAt = keyring.keys.find((key) => key.kid === kid)?.createdAt ?? keyring.now;
      return { kid, stagedAt, signsFrom };
    },
    pause,
    isStopped: () => stopped.aborted,
    onRound,
  };
}

/** Says once what was asked for, and how far it is where standard error is a terminal. */
function reporter(): (rotation: RotationDrill) => void {
  let isAnnounced = false;
  return (drill) => {
    const { rotation } = drill.seen;
    if (rotation !== null && !isAnnounced) {
      isAnnounced = true;
      clearProgress();
      process.stderr.write(
        `${rotation.kid} signs from ${rotation.signsFrom.toISOString()}. Ctrl-C ends the drill early.\n`,
      );
    }
    showProgress(progressOf(drill));
  };
}

function progressOf({ seen, formerTokensUntil }: RotationDrill): string {
  const { rotation, switchedAt, now, verified, failed } = seen;
  const left = (until: Date) => durationWords(secondsBetween(now, until));
  const counts = `${verified} verifications, ${failed} failed`;
  if (rotation === null) return counts;
  if (switchedAt === null) return `the new key signs in ${left(rotation.signsFrom)}; ${counts}`;
  return `the last token of the former key expires in ${left(formerTokensUntil ?? now)}; ${counts}`;
}

function toResult(
  seen: Seen,
  untilSwitch: boolean,
  isStopped: boolean,
  leftBehind: string | null,
): CommandResult {
  const checks = judge(seen, untilSwitch);
  const isPassed = checks.every(({ outcome }) => outcome === "PASS");
  const lines = [
    ...table(checks.map(({ outcome, check, says }) => [outcome, check, says])),
    ...(isStopped ? ["Ended early: this is what was seen until then."] : []),
    ...(leftBehind === null ? [] : [leftBehind]),
  ];
  const { rotation, switchedAt } = seen;
  return {
    data: { isPassed, checks, rotation, switchedAt, isStopped, leftBehind },
    lines,
    isRefusal: !isPassed,
  };
}
