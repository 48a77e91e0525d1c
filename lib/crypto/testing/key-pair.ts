import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";

interface KeyPair {
  publicKey: KeyObject;
  privateKey: KeyObject;
}

const SPKI = { type: "spki", format: "der" } as const;
const PKCS8 = { type: "pkcs8", format: "der" } as const;

/**
 * A pair of keys at once, as by `generateKeyPairSync`, which nothing else here may use: Node 20 stands still for ever
 * where it collects what had made a pair while that pair is being exported (both take the lock of the key). These two
 * were read from bytes, so nothing is left that made them.
 */
export function newKeyPair(type: "ec", options: { namedCurve: string }): KeyPair;
export function newKeyPair(type: "rsa", options: { modulusLength: number; publicExponent?: number }): KeyPair;
export function newKeyPair(type: "ed25519" | "x25519"): KeyPair;
export function newKeyPair(type: "ec" | "rsa" | "ed25519" | "x25519", options: object = {}): KeyPair {
  const made = generateKeyPairSync(type as "ed25519", {
    ...options,
    publicKeyEncoding: SPKI,
    privateKeyEncoding: PKCS8,
  });
  return {
    publicKey: createPublicKey({ key: made.publicKey, ...SPKI }),
    privateKey: createPrivateKey({ key: made.privateKey, ...PKCS8 }),
  };
}
