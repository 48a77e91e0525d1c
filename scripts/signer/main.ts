import { lstatSync, mkdirSync, realpathSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { createLogger } from "../../lib/audit/logger";
import { lockDataFolder } from "../launcher-lock";
import { PlainError, textFor } from "../plain-error";
import { KeyFolder } from "./key-folder";
import { closeSignerServer, createSignerServer } from "./signer-server";
import { listenOn } from "./socket-file";

const USAGE = `npm run signer -- --socket PATH --keys FOLDER [--socket-mode 600|660]

Makes private keys, keeps them in FOLDER and signs with them for whoever may open the socket; it never hands one out.
660 lets the members of its group in. See docs/signing-process.md.
`;

const MODES: Record<string, number> = { 600: 0o600, 660: 0o660 };

interface Options {
  socket: string;
  folder: string;
  mode: number;
}

function readOptions(words: string[]): Options | null {
  try {
    const text = { type: "string" } as const;
    const { values } = parseArgs({ args: words, options: { socket: text, keys: text, "socket-mode": text } });
    const mode = MODES[values["socket-mode"] ?? "600"];
    if (!values.socket || !values.keys || mode === undefined) return null;
    return { socket: resolve(values.socket), folder: resolve(values.keys), mode };
  } catch {
    return null;
  }
}

/** Resolves with the exit code when the process has been told to end and has. */
async function run({ socket, folder, mode }: Options): Promise<number> {
  const log = createLogger("info");
  const isOver = new Promise((stop) => {
    for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, stop);
  });
  const keysFolder = privateFolder(folder);
  const lock = await lockDataFolder(keysFolder, "--keys");
  try {
    const { keys, unusable } = await KeyFolder.open(keysFolder);
    for (const { file, why } of unusable) log.error({ file }, `this key cannot be used: ${why}`);
    const server = createSignerServer(keys, log);
    await listenOn(server, socket, mode);
    log.info({ socket, signer: keys.id, keys: keys.list().length }, "the signer is ready");
    await isOver;
    await closeSignerServer(server);
    return 0;
  } finally {
    lock.release();
  }
}

/** Created when it is not there. */
function privateFolder(folder: string): string {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new PlainError(
      `--keys is "${folder}", which cannot be made (${(error as NodeJS.ErrnoException).code}).`,
    );
  }
  const real = realpathSync(folder);
  const { uid, mode } = lstatSync(real);
  if (uid !== process.getuid?.() || (mode & 0o077) !== 0) {
    throw new PlainError(`--keys is "${real}", which is not private; it has to be yours, with mode 700.`);
  }
  return real;
}

async function main(words: string[]): Promise<number> {
  const options = readOptions(words);
  if (options === null) {
    process.stderr.write(USAGE);
    return 2;
  }
  try {
    return await run(options);
  } catch (error) {
    process.stderr.write(textFor(error));
    return 1;
  }
}

process.exit(await main(process.argv.slice(2)));
