import { checkNode, prepare } from "./setup.mjs";

/** `npm run cli -- NOUN VERB`. Works on a fresh clone, beside a running Latchkey or without one. */
checkNode();
await prepare({ build: false });

const { register } = await import("tsx/esm/api");
register();
// A name in a variable: a .ts file is beyond what the type checker lets plain JavaScript import.
const commandLine = "./cli/main.ts";
const { main } = await import(commandLine);
process.exitCode = await main(process.argv.slice(2));
