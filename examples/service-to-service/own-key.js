import { readFile, rename, writeFile } from "node:fs/promises";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from "jose";

const { KEY_FILE = "key.json" } = process.env;
const ALGORITHM = "ES256";

/** By which Latchkey knows this service. */
export async function readOwnKey() {
  const jwk = await readOrMake();
  return { key: await importJWK(jwk, ALGORITHM), kid: jwk.kid };
}

/** For Latchkey: without the private part. */
export async function ownJwks() {
  const { kty, crv, x, y, kid } = await readOrMake();
  return { keys: [{ kty, crv, x, y, kid, use: "sig", alg: ALGORITHM }] };
}

async function readOrMake() {
  try {
    return JSON.parse(await readFile(KEY_FILE, "utf8"));
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    return writeOwnKey(await generateKey());
  }
}

async function generateKey() {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, kid: await calculateJwkThumbprint(jwk) };
}

/** For this user alone, and whole or not at all. */
async function writeOwnKey(jwk) {
  const unfinished = `${KEY_FILE}.new`;
  await writeFile(unfinished, JSON.stringify(jwk, null, 2), { mode: 0o600, flush: true });
  await rename(unfinished, KEY_FILE);
  return jwk;
}
