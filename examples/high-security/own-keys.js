import { readFile, rename, writeFile } from "node:fs/promises";
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from "jose";

const { KEYS_FILE = "keys.json" } = process.env;
const ALGORITHM = "ECDH-ES+A256KW";

/** This service's private keys, the newest first; a first one is made where there are none. */
export async function readOwnKeys() {
  try {
    return JSON.parse(await readFile(KEYS_FILE, "utf8"));
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    return writeOwnKeys([await generateKey()]);
  }
}

/** A new key in front; the former one stays for what is encrypted to it, and older ones go. */
export async function rotateOwnKeys() {
  const [former] = await readOwnKeys();
  return writeOwnKeys([await generateKey(), former]);
}

/** What Latchkey encrypts to: the newest, without its private part. */
export function publicKeyOf([{ kty, crv, x, y, kid }]) {
  return { kty, crv, x, y, kid, use: "enc", alg: ALGORITHM };
}

async function generateKey() {
  const { privateKey } = await generateKeyPair(ALGORITHM, { crv: "P-256", extractable: true });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, kid: await calculateJwkThumbprint(jwk) };
}

/** For this user alone, and whole or not at all. */
async function writeOwnKeys(keys) {
  const unfinished = `${KEYS_FILE}.new`;
  await writeFile(unfinished, JSON.stringify(keys, null, 2), { mode: 0o600, flush: true });
  await rename(unfinished, KEYS_FILE);
  return keys;
}
