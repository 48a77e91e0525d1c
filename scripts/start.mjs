import { checkNode, prepare } from "./setup.mjs";

/**
 * `npm start` and `npm run dev`. Works on a fresh clone, with nothing installed.
 * `--dev` serves without a build; `--built` trusts what is installed and built (a container image).
 */
checkNode();
const development = process.argv.includes("--dev");
if (!process.argv.includes("--built")) await prepare({ build: !development });

const { register } = await import("tsx/esm/api");
register();
// A name in a variable: a .ts file is beyond what the type checker lets plain JavaScript import.
const launcher = "./launch.ts";
const { launch } = await import(launcher);
process.exit(await launch(process.env, { development, server: "server.ts" }));
