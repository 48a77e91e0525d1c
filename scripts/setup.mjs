import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildInputs, CLIENT_FOLDER, hashOf, PROJECT } from "./release.mjs";

/** What has to be there before anything runs. Each step does nothing when there is nothing to do. */

export { PROJECT };

/** Major version -> its first minor version that serves. Every version from 24 on does. */
const MINIMUM_MINOR = new Map([
  [20, 19],
  [22, 12],
]);
const FIRST_FREE_MAJOR = 24;

const BUILD_STAMP = ".next/latchkey-sources";

const CLIENT_STAMP = `${CLIENT_FOLDER}/.latchkey-schema`;

/** What the tools below would otherwise do on their own: report usage, ask for updates, colour nothing. */
const QUIET = { CHECKPOINT_DISABLE: "1", NEXT_TELEMETRY_DISABLED: "1" };

/** Ends the process with one line when this Node is not one of package.json's `engines`. */
export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major >= FIRST_FREE_MAJOR || minor >= (MINIMUM_MINOR.get(major) ?? Number.POSITIVE_INFINITY)) return;
  process.stderr.write(`Latchkey needs Node 20.19, 22.12, 24 or newer; this is ${process.versions.node}.\n`);
  process.exit(1);
}

/**
 * Installs, generates and builds what is missing or out of date. Ends the process when a step fails.
 * @param {{ build: boolean }} wanted
 */
export async function prepare({ build }) {
  if (!isInstalled()) await install();
  const schema = clientInputs();
  if (readOrNull(CLIENT_STAMP) !== schema) await generateClient(schema);
  if (!build) return;
  const sources = buildInputs();
  if (readOrNull(BUILD_STAMP) !== sources) await buildApplication(sources);
}

/**
 * What package-lock.json pins, without writing to it. Not `npm ci`: that refuses a lockfile which lacks the packages
 * of other platforms, and ours was written where the registry does not have them all.
 */
async function install() {
  say("Installing…");
  const arguments_ = ["install", "--no-save", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  const npm = process.env.npm_execpath;
  // Under npm itself, the same npm; its path is a script for Node.
  if (npm?.endsWith(".js")) await run(process.execPath, [npm, ...arguments_]);
  else await run("npm", arguments_);
}

/** @param {string} stamp */
async function generateClient(stamp) {
  say("Generating the database client…");
  await run(process.execPath, [join(PROJECT, "node_modules/prisma/build/index.js"), "generate"], {
    // Prisma looks for its native engine and downloads it, though generating does not run it.
    PRISMA_SCHEMA_ENGINE_BINARY: process.env.PRISMA_SCHEMA_ENGINE_BINARY ?? process.execPath,
  });
  write(CLIENT_STAMP, stamp);
}

/** @param {string} stamp */
async function buildApplication(stamp) {
  say("Building…");
  rmSync(join(PROJECT, BUILD_STAMP), { force: true });
  await run(process.execPath, [join(PROJECT, "node_modules/next/dist/bin/next"), "build"], {
    NODE_ENV: "production",
  });
  write(BUILD_STAMP, stamp);
}

/**
 * Whether node_modules holds what package-lock.json asks for. npm writes its own record last, so an install that was
 * interrupted has none, and a package added by hand counts.
 */
function isInstalled() {
  const wanted = packagesIn("package-lock.json");
  const present = packagesIn("node_modules/.package-lock.json");
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === "") return true;
    const found = present[path];
    return found === undefined ? entry.optional === true : found.version === entry.version;
  });
}

/**
 * @param {string} lockfile
 * @returns {Record<string, { version?: string, optional?: boolean }>}
 */
function packagesIn(lockfile) {
  const text = readOrNull(lockfile);
  return text === null ? {} : JSON.parse(text).packages;
}

function clientInputs() {
  const version = JSON.parse(readFileSync(join(PROJECT, "node_modules/prisma/package.json"), "utf8")).version;
  return `${version} ${hashOf(["prisma/schema.prisma"])}`;
}

/**
 * @param {string} command
 * @param {string[]} arguments_
 * @param {Record<string, string>} [environment]
 */
async function run(command, arguments_, environment = {}) {
  const child = spawn(command, arguments_, {
    cwd: PROJECT,
    env: { ...process.env, ...QUIET, ...environment },
    stdio: "inherit",
  });
  const code = await new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (exitCode, signal) => resolve(exitCode ?? signal));
  });
  if (code === 0) return;
  process.stderr.write(`"${command} ${arguments_.join(" ")}" failed (${code}).\n`);
  process.exit(1);
}

/** @param {string} text */
function say(text) {
  process.stdout.write(`${text}\n`);
}

/** @param {string} path */
function readOrNull(path) {
  try {
    return readFileSync(join(PROJECT, path), "utf8");
  } catch {
    return null;
  }
}

/**
 * @param {string} path
 * @param {string} text
 */
function write(path, text) {
  mkdirSync(dirname(join(PROJECT, path)), { recursive: true });
  writeFileSync(join(PROJECT, path), text);
}
