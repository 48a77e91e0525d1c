import { calculateJwkThumbprint, exportJWK, exportPKCS8, generateKeyPair } from "jose";
import type { SealedBox } from "@/lib/crypto/sealed-box";
import { ALGORITHMS, type Algorithm } from "./algorithms";
import { type KeyUse, type SigningKeyRecord, sealingContext } from "./signing-key";

/** Makes a key whose private part leaves this function only sealed. Writes nothing. */
export async function generateActiveKey(
  use: KeyUse,
  algorithm: Algorithm,
  box: SealedBox,
  now: Date,
): Promise<SigningKeyRecord> {
  const pair = await generateKeyPair(algorithm, { ...ALGORITHMS[algorithm].generate, extractable: true });
  const publicJwk = await exportJWK(pair.publicKey);
  const identity = { kid: await calculateJwkThumbprint(publicJwk), use, algorithm };
  const privateKey = Buffer.from(await exportPKCS8(pair.privateKey));
  return {
    ...identity,
    state: "active",
    publicJwk,
    sealedPrivateKey: box.seal(privateKey, sealingContext(identity)),
    createdAt: now,
    activatedAt: now,
  };
}
