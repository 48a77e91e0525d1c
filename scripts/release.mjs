import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** What is the same on every machine that has built the same sources. */

export const PROJECT = join(import.meta.dirname, "..");

/** Made from the schema, which is among the inputs itself. */
export const CLIENT_FOLDER = "lib/store/generated";

/** Inputs of `next build`; tests are not among them. */
const BUILD_SOURCES = [
  "app",
  "lib",
  "public",
  "middleware.ts",
  "instrumentation.ts",
  "instrumentation-client.ts",
  "next.config.mjs",
  "postcss.config.mjs",
  "package-lock.json",
  "prisma/schema.prisma",
  "scripts/release.mjs",
  "tsconfig.json",
];
const NOT_A_SOURCE = /\.test\.tsx?$/;

const RELEASE_LENGTH = 20;

/** The hash of everything that a build is made from. */
export function buildInputs(root = PROJECT) {
  return hashOf(BUILD_SOURCES, root);
}

/** Names the release: Next's build id, by which a page of another release is told to load anew. */
export function releaseId(root = PROJECT) {
  return buildInputs(root).slice(0, RELEASE_LENGTH);
}

/**
 * Next names server actions, and so the scripts that call them, by a hash with this key, which it would otherwise draw
 * for each build. With one for all, a form that was loaded from one machine or release is understood by another.
 * It keeps nothing secret: at run the launcher sets a key from APP_SECRET in its place.
 */
export function nameActionsAlike() {
  process.env.NEXT_SERVER_ACTIONS_ENCRYPTION_KEY ??= createHash("sha256")
    .update("latchkey server actions")
    .digest("base64");
}

/**
 * The hash of files and of what is in folders, by their paths from the root and their contents.
 * @param {string[]} paths
 */
export function hashOf(paths, root = PROJECT) {
  const hash = createHash("sha256");
  for (const path of paths.flatMap((path) => filesUnder(path, root))) {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update("\0");
  }
  return hash.digest("hex");
}

/**
 * @param {string} path
 * @param {string} root
 * @returns {string[]}
 */
function filesUnder(path, root) {
  const full = join(root, path);
  if (path === CLIENT_FOLDER || NOT_A_SOURCE.test(path) || !existsSync(full)) return [];
  if (!statSync(full).isDirectory()) return [path];
  return readdirSync(full)
    .sort()
    .flatMap((name) => filesUnder(`${path}/${name}`, root));
}
