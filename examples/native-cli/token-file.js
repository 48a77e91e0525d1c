import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

const {
  XDG_CONFIG_HOME = join(homedir(), ".config"),
  TOKEN_FILE = join(XDG_CONFIG_HOME, "latchkey-native-cli", "tokens.json"),
} = process.env;

/** Null when nobody is signed in. */
export async function readTokens() {
  try {
    return JSON.parse(await readFile(TOKEN_FILE, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return null;
    throw error;
  }
}

/** For this user alone, and whole or not at all: several runs at once each write a file of their own first. */
export async function writeTokens(tokens) {
  const unfinished = `${TOKEN_FILE}.${process.pid}`;
  await mkdir(dirname(TOKEN_FILE), { recursive: true, mode: 0o700 });
  await writeFile(unfinished, JSON.stringify(tokens, null, 2), { mode: 0o600, flush: true });
  await rename(unfinished, TOKEN_FILE);
}

export const deleteTokens = () => rm(TOKEN_FILE, { force: true });
