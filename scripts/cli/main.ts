import { parseArgs } from "node:util";
import { ZodError } from "zod";
import { SettingError } from "../../lib/config/setting-error";
import { readSettings, type Settings } from "../../lib/config/settings";
import { isLatchkeyError } from "../../lib/errors/latchkey-error";
import { createServices, type Services } from "../../lib/services";
import { ensureAppSecret } from "../app-secret";
import { applyMigrations } from "../apply-migrations";
import { findRunningDatabase, withDatabase } from "../embedded-database";
import { PlainError, textFor } from "../plain-error";
import {
  audiencesActivateSecret,
  audiencesAdd,
  audiencesChange,
  audiencesFeedToken,
  audiencesList,
  audiencesRemove,
  audiencesSecret,
} from "./audiences";
import { auditExport, auditVerify } from "./audit";
import {
  clientsAdd,
  clientsAddSecret,
  clientsChange,
  clientsEndPreviousSecret,
  clientsList,
  clientsRemove,
  clientsRevoke,
} from "./clients";
import { type Command, UsageError } from "./command";
import { databaseCopy } from "./database";
import { doctor } from "./doctor";
import { drillRotation } from "./drill";
import { keysRevoke, keysRewrap, keysRotate } from "./keys";
import { keysList } from "./keys-list";
import { write } from "./output";
import { sessionsList, sessionsRevoke } from "./sessions";
import { adminCreate, usersDisable, usersEnable, usersLink, usersList } from "./users";

const COMMANDS: Readonly<Record<string, Command>> = {
  "admin create": adminCreate,
  "users list": usersList,
  "users disable": usersDisable,
  "users enable": usersEnable,
  "users link": usersLink,
  "sessions list": sessionsList,
  "sessions revoke": sessionsRevoke,
  "keys list": keysList,
  "keys rotate": keysRotate,
  "keys revoke": keysRevoke,
  "keys rewrap": keysRewrap,
  "audiences list": audiencesList,
  "audiences add": audiencesAdd,
  "audiences change": audiencesChange,
  "audiences remove": audiencesRemove,
  "audiences feed-token": audiencesFeedToken,
  "audiences secret": audiencesSecret,
  "audiences activate-secret": audiencesActivateSecret,
  "clients list": clientsList,
  "clients add": clientsAdd,
  "clients change": clientsChange,
  "clients remove": clientsRemove,
  "clients add-secret": clientsAddSecret,
  "clients end-previous-secret": clientsEndPreviousSecret,
  "clients revoke": clientsRevoke,
  "drill rotation": drillRotation,
  "audit verify": auditVerify,
  "audit export": auditExport,
  "database copy": databaseCopy,
  doctor,
};

const DASHED_KID = /^-[A-Za-z0-9_-]{21,42}$/;

const DONE = 0;
const REFUSED = 1;
const USAGE = 2;

/** Runs one command. Returns the exit code: 0 done, 1 refused, 2 used wrongly. */
export async function main(words: readonly string[]): Promise<number> {
  try {
    const { command, given, isJson } = readCommand(words);
    const settings = readSettings();
    if (command.needsStoppedServer) await refuseRunning(settings);
    const result = await withServices(settings, async (latchkey) => {
      const answer = await command.run(latchkey, given);
      await write(answer, isJson);
      return answer;
    });
    return result.isRefusal ? REFUSED : DONE;
  } catch (error) {
    process.stderr.write(explain(error));
    return error instanceof UsageError ? USAGE : REFUSED;
  }
}

function readCommand(words: readonly string[]) {
  const name = words[0] === "doctor" ? "doctor" : words.slice(0, 2).join(" ");
  const command = COMMANDS[name];
  if (command === undefined) throw new UsageError(`There is no command "${name}".\n\n${usage()}`);
  const { values, positionals } = parse(words.slice(name.split(" ").length), command);
  if (positionals.length !== command.positionals) {
    throw new UsageError(`Usage: npm run cli -- ${name} ${command.parameters} [--json]`);
  }
  const { json, ...options } = values;
  return { command, given: { positionals, options }, isJson: json === true };
}

function parse(words: string[], command: Command) {
  try {
    const options = { ...command.options, json: { type: "boolean" as const } };
    const args = command.positionals === 0 ? words : kidsLast(words, command.options);
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** One key id in 64 begins with a dash; what stands behind `--` is no option. */
function kidsLast(words: string[], options: Command["options"]): string[] {
  const isOption = (word: string) => word.startsWith("--") && Object.hasOwn(options, word.slice(2));
  const kids = words.filter((word) => DASHED_KID.test(word) && !isOption(word));
  if (kids.length === 0) return words;
  return [...words.filter((word) => word !== "--" && !kids.includes(word)), "--", ...kids];
}

function usage(): string {
  const lines = Object.entries(COMMANDS).map(([name, { parameters, summary }]) => {
    return `  ${`${name} ${parameters}`.trim()}\n      ${summary}`;
  });
  return ["Usage: npm run cli -- NOUN VERB [--json]", "", ...lines].join("\n");
}

/** Whether anything runs on an external database cannot be seen from here. */
async function refuseRunning({ databaseUrl, dataDir }: Settings): Promise<void> {
  if (databaseUrl !== null || (await findRunningDatabase(dataDir)) === null) return;
  throw new PlainError(`Latchkey is running on ${dataDir}: stop it first.`);
}

/** On the database of the running Latchkey where there is one; its server hears of every change within a second. */
async function withServices<Result>(
  settings: Settings,
  use: (latchkey: Services) => Promise<Result>,
): Promise<Result> {
  return withDatabase(settings, async (databaseUrl) => {
    await applyMigrations(databaseUrl);
    const latchkey = createServices({
      ...settings,
      databaseUrl,
      secrets: secretsOf(settings),
      logLevel: "silent",
    });
    try {
      return await use(latchkey);
    } finally {
      await latchkey.stop();
    }
  });
}

function secretsOf(settings: Settings): readonly string[] {
  if (settings.secrets.length > 0) return settings.secrets;
  return readSettings({ APP_SECRET_FILE: ensureAppSecret(settings.dataDir) }).secrets;
}

function explain(error: unknown): string {
  if (error instanceof ZodError) return `${error.issues[0]?.message}\n`;
  if (isLatchkeyError(error)) return `${[error.message, ...Object.values(error.fields ?? {})].join(" ")}\n`;
  if (error instanceof UsageError || error instanceof SettingError) return `${error.message}\n`;
  return textFor(error);
}
