import { execFileSync, spawnSync } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/** What this machine has, and how it gets more. */

/**
 * The path of a program in PATH or one of the further folders, or null.
 * @param {string} name
 * @param {string[]} [folders]
 */
export function findProgram(name, folders = []) {
  const all = [...(process.env.PATH ?? "").split(delimiter), ...folders];
  return all.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

/** @param {string} path */
export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export function isRoot() {
  return process.getuid?.() === 0;
}

export function isDebian() {
  try {
    return /^ID=debian$/m.test(readFileSync("/etc/os-release", "utf8"));
  } catch {
    return false;
  }
}

export function hasDocker() {
  return findProgram("docker") !== null && spawnSync("docker", ["info"], { stdio: "ignore" }).status === 0;
}

/**
 * Installs a package with apt-get, where this process may. Returns whether it did.
 * @param {string} name
 */
export function aptInstall(name) {
  if (!isRoot() || findProgram("apt-get") === null) return false;
  process.stdout.write(`Installing ${name}…\n`);
  const options = {
    stdio: /** @type {const} */ ("inherit"),
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  };
  try {
    execFileSync("apt-get", ["update", "-qq"], options);
    execFileSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", name], options);
    return true;
  } catch {
    return false;
  }
}
