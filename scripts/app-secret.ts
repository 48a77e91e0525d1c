import { randomBytes } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";

const SECRET_BYTES = 32;

/**
 * The path of the generated application secret, which is drawn at random when the folder has none yet.
 * The caller holds the folder's lock. A death in between leaves no half-written secret.
 */
export function ensureAppSecret(folder: string, name = "app-secret"): string {
  const path = join(folder, name);
  if (existsSync(path)) return path;
  const unfinished = `${path}.new`;
  const file = openSync(unfinished, "w", 0o600);
  writeSync(file, `${randomBytes(SECRET_BYTES).toString("base64url")}\n`);
  fsyncSync(file);
  closeSync(file);
  renameSync(unfinished, path);
  return path;
}
