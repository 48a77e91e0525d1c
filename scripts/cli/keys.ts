import type { z } from "zod";
import { optionalReasonSchema, reasonSchema } from "../../app/_http/reason";
import { COMMAND_LINE } from "../../lib/audit/actor";
import { secondsBetween } from "../../lib/crypto/clock";
import { hasCode } from "../../lib/errors/latchkey-error";
import { signingKid as signingKidOf } from "../../lib/key-overview";
import { algorithmSchema } from "../../lib/keys/algorithm-input";
import type { Algorithm } from "../../lib/keys/algorithms";
import type { Keyring, KnownKey } from "../../lib/keys/keyring";
import { activeKey, isOfLine } from "../../lib/keys/lifecycle";
import { type RewrapProgress, rewrapKeys } from "../../lib/keys/rewrap-keys";
import { requestRotation } from "../../lib/keys/rotation";
import { revokeKey } from "../../lib/revocation/revoke-key";
import type { Services } from "../../lib/services";
import { PlainError } from "../plain-error";
import { type Command, type CommandArguments, UsageError } from "./command";
import { durationWords } from "./duration-words";
import { clearProgress, showProgress } from "./progress";
import { requireSameSettings, settingsFault } from "./settings-fault";

export const keysRotate: Command = {
  parameters: "[--algorithm NAME] [--reason TEXT]",
  summary: "lets the staged key sign as soon as every verifier has it, which may be at once",
  positionals: 0,
  options: { algorithm: { type: "string" }, reason: { type: "string" } },
  run: async (latchkey, { options }) => {
    const reason = readReason(optionalReasonSchema, options.reason);
    const algorithm = readAlgorithm(options.algorithm);
    await requireSameSettings(latchkey);
    const { keyring } = latchkey;
    const { kid, signsFrom } = await requestRotation(latchkey.keys, COMMAND_LINE, reason, algorithm);
    const isSigning = keyring.keys.some((key) => key.kid === kid && key.state === "active");
    const left = durationWords(secondsBetween(keyring.now, signsFrom));
    const later = `${kid} signs from ${signsFrom.toISOString()}, in ${left}: by then every verifier has it.`;
    return { data: { kid, signsFrom, isSigning }, lines: [isSigning ? `${kid} signs now.` : later] };
  },
};

export const keysRevoke: Command = {
  parameters: "KID --reason TEXT",
  summary: "takes a compromised key out of use everywhere within a second; nobody is signed out",
  positionals: 1,
  options: { reason: { type: "string" } },
  run: async (latchkey, { positionals: [kid = ""], options }) => {
    const reason = readReason(reasonSchema, options.reason);
    await latchkey.keyring.load();
    const fault = settingsFault(latchkey.keyring);
    const revoked = latchkey.keyring.keys.find((key) => key.kid === kid);
    await revoke(latchkey, kid, reason);
    const signingKid = fault === null ? signsInPlaceOf(revoked, latchkey.keyring) : null;
    const none =
      fault === null ? nothingSigns(revoked) : `Which key signs cannot be seen from here: ${fault}`;
    const signs = signingKid === null ? none : `${signingKid} signs now.`;
    return { data: { kid, signingKid }, lines: [`${kid} is revoked. Nobody is signed out.`, signs] };
  },
};

/** For whoever the revoked key signed. */
function signsInPlaceOf(revoked: KnownKey | undefined, keyring: Keyring): string | null {
  const isOfOthersAlone =
    revoked !== undefined &&
    (!isOfLine(revoked) ||
      (revoked.algorithm !== keyring.algorithm &&
        keyring.lines.some(({ algorithm }) => algorithm === revoked.algorithm)));
  return isOfOthersAlone ? (activeKey(keyring.keys, revoked)?.kid ?? null) : signingKidOf(keyring);
}

const nothingSigns = (revoked: KnownKey | undefined): string =>
  revoked === undefined || isOfLine(revoked)
    ? "Nothing signs in its place: no other key can be used or made here."
    : "Nothing signs for its audience now: make the next secret with `audiences secret`.";

export const keysRewrap: Command = {
  parameters: "",
  summary: "seals every private key under the first application secret; may be ended and begun again",
  positionals: 0,
  options: {},
  run: async (latchkey) => {
    await requireSameSettings(latchkey);
    const { keys, keyring } = latchkey;
    const all = keyring.keys.length;
    const done: RewrapProgress[] = [];
    for await (const key of rewrapKeys(keys, keys.sealed, COMMAND_LINE)) {
      done.push(key);
      showProgress(`${done.length} of at most ${all} keys: ${key.kid}`);
    }
    clearProgress();
    const problems = done.flatMap(({ problem }) => (problem === null ? [] : [problem]));
    const rewrapped = done.filter(({ problem }) => problem === null).map(({ kid }) => kid);
    return {
      data: { rewrapped, problems: done.filter(({ problem }) => problem !== null) },
      lines: [...rewrapSummary(latchkey, rewrapped.length, problems.length), ...problems],
      isRefusal: problems.length > 0,
    };
  },
};

function readAlgorithm(option: CommandArguments["options"][string]): Algorithm | undefined {
  const algorithm = algorithmSchema.safeParse(option);
  if (algorithm.success) return algorithm.data;
  throw new UsageError(`--algorithm: ${algorithm.error.issues[0]?.message}`);
}

function readReason<Reason>(schema: z.ZodType<Reason>, option: CommandArguments["options"][string]): Reason {
  const reason = schema.safeParse(option);
  if (reason.success) return reason.data;
  throw new UsageError(`Give --reason TEXT, for the audit log. ${reason.error.issues[0]?.message}`);
}

async function revoke(latchkey: Services, kid: string, reason: string): Promise<void> {
  try {
    await revokeKey(latchkey.keys, kid, reason, COMMAND_LINE);
  } catch (error) {
    if (!hasCode(error, "not_found")) throw error;
    throw new PlainError(`No key ${kid} is in use; \`keys list\` shows those that are.`);
  }
}

function rewrapSummary({ settings }: Services, rewrapped: number, unopened: number): string[] {
  const sealed = `Sealed again under the first secret: ${rewrapped}.`;
  if (unopened > 0) return [`${sealed} Not opened, and left as they were: ${unopened}.`];
  if (settings.secrets.length === 1) return [`${sealed} Every private key is under it.`];
  const days = Math.ceil(settings.sessionIdleSeconds / 86_400);
  return [
    `${sealed} Every private key is under it now.`,
    `The earlier secret still renews sessions: leave it out of the list once ${days} days (SESSION_IDLE_DAYS) have passed`,
    "since every instance has had the first one first.",
  ];
}
