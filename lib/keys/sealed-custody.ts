import { createHmac, createPrivateKey, type KeyObject, sign as signWith } from "node:crypto";
import { promisify } from "node:util";
import { calculateJwkThumbprint, exportJWK, exportPKCS8, generateKeyPair } from "jose";
import { encodeBase64url } from "@/lib/crypto/base64url";
import { randomId, randomSecret, randomToken } from "@/lib/crypto/random";
import { type SealedBox, SealedBoxError, sealedUnder } from "@/lib/crypto/sealed-box";
import { ALGORITHMS, type Algorithm, isSymmetric } from "./algorithms";
import type { Assessment, KeyCustody, NewKey, Signer } from "./custody";
import { audienceOfUse, type KeyIdentity, type SigningKeyRecord, sealingContext } from "./signing-key";

const signAsync = promisify(signWith);

/** Private keys in the database, sealed under keys that the application secrets give. */
export class SealedCustody implements KeyCustody {
  constructor(private readonly box: SealedBox) {}

  async generate(use: NewKey["use"], algorithm: Algorithm): Promise<NewKey> {
    const { kid, publicJwk, privateKey } = isSymmetric(algorithm)
      ? { ...(await generateSecret(use)), publicJwk: { kty: "oct" } }
      : await generatePair(algorithm);
    const identity = { kid, use, algorithm };
    return { ...identity, publicJwk, ...this.seal(identity, privateKey) };
  }

  /** The private part as it is kept: under the first secret. */
  seal(
    identity: KeyIdentity,
    privateKey: Uint8Array,
  ): Pick<SigningKeyRecord, "custody" | "sealedPrivateKey"> {
    const sealedPrivateKey = this.box.seal(privateKey, sealingContext(identity));
    return { custody: custodyOf(this.box.sealsUnder), sealedPrivateKey };
  }

  /** The key as it is under the first secret, or null where it is under that already or not sealed at all. */
  reseal(key: SigningKeyRecord): SigningKeyRecord | null {
    if (key.sealedPrivateKey === null || kekIdOf(key.custody) === this.box.sealsUnder) return null;
    return { ...key, ...this.seal(key, this.#openBox(key)) };
  }

  async assess(key: SigningKeyRecord): Promise<Assessment> {
    if (key.sealedPrivateKey === null) return { standing: "usable", problem: null };
    const sealedUnder = kekIdOf(key.custody);
    if (!this.box.opens(sealedUnder)) {
      const problem = `Signing key ${key.kid} cannot be opened: it is sealed under another application secret (${sealedUnder}). Put the earlier secret behind the new one: APP_SECRET=new,earlier.`;
      return { standing: "foreign", problem };
    }
    try {
      this.#openBox(key);
      return { standing: "preferred", problem: null };
    } catch (error) {
      if (error instanceof SealedBoxError) return refused(key, error.message);
      throw error;
    }
  }

  async open(key: NewKey): Promise<Signer> {
    const { kid, algorithm } = key;
    const privateKey = this.#openBox(key);
    if (isSymmetric(algorithm)) return { kid, algorithm, sign: async (data) => hmac(privateKey, data) };
    const keyObject = createPrivateKey(privateKey);
    return { kid, algorithm, sign: (data) => signature(algorithm, keyObject, data) };
  }

  openSecret(key: NewKey): Uint8Array<ArrayBuffer> {
    return this.#openBox(key);
  }

  /** The private part goes with the record's column. */
  async discard(): Promise<void> {}

  #openBox(key: NewKey): Buffer<ArrayBuffer> {
    if (key.sealedPrivateKey === null) throw new SealedBoxError("its private part has been erased");
    const privateKey = this.box.open(key.sealedPrivateKey, sealingContext(key));
    // Else it would pass for one that need not be sealed anew, and be lost with the secret that it is under.
    if (sealedUnder(key.sealedPrivateKey) !== kekIdOf(key.custody)) {
      throw new SealedBoxError("sealed under another secret than its row says");
    }
    return privateKey;
  }
}

const CUSTODY_PREFIX = "app-secret:";

const custodyOf = (kekId: string): string => `${CUSTODY_PREFIX}${kekId}`;
const kekIdOf = (custody: string): string => custody.slice(CUSTODY_PREFIX.length);

const refused = ({ kid }: KeyIdentity, what: string): Assessment => ({
  standing: "refused",
  problem: `Signing key ${kid} is refused: ${what}. Find out who wrote to the database.`,
});

/** That of an audience is text: whoever puts it into a setting has the bytes of the key as well. */
async function generateSecret(use: NewKey["use"]): Promise<{ kid: string; privateKey: Uint8Array }> {
  if (audienceOfUse(use) === null) return { kid: randomId(), privateKey: randomSecret() };
  const privateKey = Buffer.from(randomToken());
  const kid = await calculateJwkThumbprint({ kty: "oct", k: encodeBase64url(privateKey) });
  return { kid, privateKey };
}

async function generatePair(algorithm: Algorithm) {
  const pair = await generateKeyPair(algorithm, { ...ALGORITHMS[algorithm].generate, extractable: true });
  const publicJwk = await exportJWK(pair.publicKey);
  const privateKey = Buffer.from(await exportPKCS8(pair.privateKey));
  return { publicJwk, kid: await calculateJwkThumbprint(publicJwk), privateKey };
}

/** By the thread pool: a request that signs keeps no other from being served. */
const signature = (algorithm: Algorithm, key: KeyObject, data: Uint8Array): Promise<Uint8Array> =>
  signAsync(ALGORITHMS[algorithm].digest, data, { key, dsaEncoding: "ieee-p1363" });

const hmac = (secret: Uint8Array, data: Uint8Array): Uint8Array =>
  createHmac("sha256", secret).update(data).digest();
