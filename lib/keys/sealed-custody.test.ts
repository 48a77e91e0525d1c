import { createPublicKey, webcrypto } from "node:crypto";
import { calculateJwkThumbprint, compactVerify, importJWK } from "jose";
import { describe, expect, it, test } from "vitest";
import { createSealedBox, SealedBoxError } from "@/lib/crypto/sealed-box";
import { ALGORITHMS, type Algorithm, isSymmetric } from "./algorithms";
import { EveryCustody } from "./every-custody";
import { SealedCustody } from "./sealed-custody";
import { type SigningKeyRecord, sealingContext } from "./signing-key";
import { createRecord } from "./testing/key-records";

const EARLIER_SECRET = "the earlier secret, 32 bytes or more";
const NEW_SECRET = "the new secret, of 32 bytes or more!";
const UNKNOWN_SECRET = "nobody was ever told of this secret.";
const DATA = Buffer.from("text");

const names = Object.keys(ALGORITHMS) as Algorithm[];
const box = createSealedBox([EARLIER_SECRET]);
const custody = new SealedCustody(box);
const withSecrets = (...secrets: string[]) => new SealedCustody(createSealedBox(secrets));

/** As the keyring asks. */
const assess = (record: SigningKeyRecord, by = custody) => new EveryCustody(by, null).assess(record);

const sealedOf = ({
  sealedPrivateKey,
}: Pick<SigningKeyRecord, "sealedPrivateKey">): Uint8Array<ArrayBuffer> => {
  if (sealedPrivateKey === null) throw new Error("Not sealed.");
  return sealedPrivateKey;
};

const flipped = (bytes: Uint8Array<ArrayBuffer>, at: number, bit = 0): Uint8Array<ArrayBuffer> =>
  bytes.map((byte, index) => (index === at ? byte ^ (1 << bit) : byte));

/** The sealed private part itself. */
const opened = (record: SigningKeyRecord): Buffer => box.open(sealedOf(record), sealingContext(record));

/** Whoever verifies elsewhere: by WebCrypto, and for EdDSA too. */
async function verifies(record: SigningKeyRecord, signature: Uint8Array, data: Uint8Array): Promise<boolean> {
  const parameters = {
    ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
    RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
    EdDSA: { name: "Ed25519" },
    HS256: { name: "HMAC", hash: "SHA-256" },
  }[record.algorithm];
  const { subtle } = webcrypto;
  const key = isSymmetric(record.algorithm)
    ? await subtle.importKey("raw", opened(record), parameters, false, ["verify"])
    : await subtle.importKey("jwk", record.publicJwk as webcrypto.JsonWebKey, parameters, false, ["verify"]);
  return subtle.verify(parameters, key, signature, data);
}

describe.each(names)("a new %s key", async (algorithm) => {
  const record = await createRecord(custody, algorithm);

  it("has what a key has, and its private part only sealed", () => {
    expect(record).toMatchObject({ use: "access_token", algorithm, custody: `app-secret:${box.sealsUnder}` });
    expect(record.publicJwk.kty).toBe(ALGORITHMS[algorithm].kty);
    for (const member of ["d", "p", "q", "dp", "dq", "qi", "k"]) {
      expect(record.publicJwk).not.toHaveProperty(member);
    }
    const inClear = Buffer.from(sealedOf(record)).toString("latin1");
    expect(inClear).not.toContain("PRIVATE KEY");
    expect(inClear).not.toContain(opened(record).toString("latin1"));
  });

  it("signs what verifies elsewhere, and nothing else does", async () => {
    const signer = await custody.open(record);
    expect(signer).toMatchObject({ kid: record.kid, algorithm });
    const signature = await signer.sign(DATA);
    expect(await verifies(record, signature, DATA)).toBe(true);
    expect(await verifies(record, signature, Buffer.from("another text"))).toBe(false);
    expect(await verifies(record, flipped(new Uint8Array(signature), 3), DATA)).toBe(false);
    expect(await verifies(await createRecord(custody, algorithm), signature, DATA)).toBe(false);
  });

  it("signs as JWS asks (RFC 7515, RFC 7518 section 3.4)", async () => {
    const header = Buffer.from(JSON.stringify({ alg: algorithm })).toString("base64url");
    const input = `${header}.${DATA.toString("base64url")}`;
    const signature = await (await custody.open(record)).sign(Buffer.from(input));
    const token = `${input}.${Buffer.from(signature).toString("base64url")}`;
    const key = isSymmetric(algorithm)
      ? new Uint8Array(custody.openSecret(record))
      : await importJWK(record.publicJwk, algorithm);
    expect((await compactVerify(token, key, { algorithms: [algorithm] })).payload).toEqual(
      new Uint8Array(DATA),
    );
  });

  it("signs whatever many ask at the same time", async () => {
    const signer = await custody.open(record);
    const texts = Array.from({ length: 20 }, (_, index) => Buffer.from(`text ${index}`));
    const signatures = await Promise.all(texts.map((text) => signer.sign(text)));
    for (const [index, signature] of signatures.entries()) {
      expect(await verifies(record, signature, texts[index] ?? DATA)).toBe(true);
    }
  });

  it("is preferred where it was sealed", async () => {
    expect(await assess(record)).toEqual({ standing: "preferred", problem: null });
  });

  it("is like no other", async () => {
    const other = await createRecord(custody, algorithm);
    expect(other.kid).not.toBe(record.kid);
    expect(opened(other)).not.toEqual(opened(record));
  });
});

describe("what a key is named by, and its strength", () => {
  test.each(names.filter((name) => !isSymmetric(name)))(
    "%s: the thumbprint of its public part",
    async (algorithm) => {
      const { kid, publicJwk } = await createRecord(custody, algorithm);
      expect(kid).toBe(await calculateJwkThumbprint(publicJwk));
      const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey({
        key: { ...publicJwk },
        format: "jwk",
      });
      const expected = {
        ES256: { type: "ec", details: { namedCurve: "prime256v1" } },
        RS256: { type: "rsa", details: { modulusLength: 3072, publicExponent: 65_537n } },
        EdDSA: { type: "ed25519", details: {} },
        HS256: null,
      }[algorithm];
      expect(asymmetricKeyType).toBe(expected?.type);
      expect(asymmetricKeyDetails).toMatchObject(expected?.details ?? {});
    },
  );

  it("HS256: 256 random bits, and a random name that says nothing of them", async () => {
    const record = await createRecord(custody, "HS256");
    expect(custody.openSecret(record)).toHaveLength(32);
    expect(record.publicJwk).toEqual({ kty: "oct" });
    expect(record.kid).toMatch(/^[A-Za-z0-9_-]{22}$/);
    const named = await calculateJwkThumbprint({ kty: "oct", k: opened(record).toString("base64url") });
    expect(named).not.toContain(record.kid);
  });
});

describe.each(names)("a row of an %s key that was changed", async (algorithm) => {
  const record = await createRecord(custody, algorithm);
  const other = await createRecord(custody, algorithm);
  const sealed = sealedOf(record);
  const foreignBox = withSecrets(UNKNOWN_SECRET).seal(record, opened(record));
  const otherAlgorithm: Algorithm = algorithm === "ES256" ? "RS256" : "ES256";

  const changes: [string, Partial<SigningKeyRecord>][] = [
    ["moved to another kid", { kid: other.kid }],
    ["moved to another kid with its public key", { kid: other.kid, publicJwk: other.publicJwk }],
    ["the sealed part of another key", { sealedPrivateKey: other.sealedPrivateKey }],
    ["moved to another algorithm", { algorithm: otherAlgorithm }],
    ["moved to another use", { use: "id_token" as "access_token" }],
    ["a flipped bit in the version", { sealedPrivateKey: flipped(sealed, 0) }],
    ["a flipped bit in the id of the key-encryption key", { sealedPrivateKey: flipped(sealed, 1) }],
    ["a flipped last bit of that id", { sealedPrivateKey: flipped(sealed, 8, 7) }],
    ["a flipped bit in the nonce", { sealedPrivateKey: flipped(sealed, 9) }],
    ["a flipped last bit of the nonce", { sealedPrivateKey: flipped(sealed, 20, 7) }],
    ["a flipped first bit of the text", { sealedPrivateKey: flipped(sealed, 21) }],
    ["a flipped bit in the text", { sealedPrivateKey: flipped(sealed, 40, 4) }],
    ["a flipped bit in the tag", { sealedPrivateKey: flipped(sealed, sealed.length - 16) }],
    ["a flipped last bit", { sealedPrivateKey: flipped(sealed, sealed.length - 1, 7) }],
    ["the last byte missing", { sealedPrivateKey: sealed.slice(0, -1) }],
    ["a byte more", { sealedPrivateKey: new Uint8Array([...sealed, 0]) }],
    ["the tag missing", { sealedPrivateKey: sealed.slice(0, -16) }],
    ["the header alone", { sealedPrivateKey: sealed.slice(0, 21) }],
    ["the id alone", { sealedPrivateKey: sealed.slice(0, 9) }],
    ["an empty sealed part", { sealedPrivateKey: new Uint8Array() }],
    ["a box under another secret than is said of it", { sealedPrivateKey: foreignBox.sealedPrivateKey }],
  ];

  test.each(changes)("%s: refused by its kid, and does not open", async (_name, change) => {
    const changed = { ...record, ...change };
    const { standing, problem } = await assess(changed);
    expect(standing).toBe("refused");
    expect(problem).toContain(`Signing key ${changed.kid} is refused: `);
    expect(problem).toMatch(/Find out who wrote to the database\.$/);
    expect(problem).not.toContain("\n");
    expect(problem).not.toContain(EARLIER_SECRET);
    const isOnlyMisnamed = (await custody.assess(changed)).standing === "preferred";
    if (!isOnlyMisnamed) await expect(custody.open(changed)).rejects.toBeInstanceOf(SealedBoxError);
  });

  it("refuses every single flipped bit of the header and of the tag", async () => {
    const bytes = [
      ...Array(21).keys(),
      ...Array.from({ length: 16 }, (_, index) => sealed.length - 1 - index),
    ];
    for (const at of bytes) {
      for (let bit = 0; bit < 8; bit += 1) {
        const changed = { ...record, sealedPrivateKey: flipped(sealed, at, bit) };
        expect((await assess(changed)).standing, `byte ${at}, bit ${bit}`).toBe("refused");
      }
    }
  });
});

describe("a key whose row names another secret than its box", () => {
  const both = withSecrets(NEW_SECRET, EARLIER_SECRET);
  const newCustody = `app-secret:${createSealedBox([NEW_SECRET]).sealsUnder}`;

  it("is refused although both are known, for it would be lost with the earlier one", async () => {
    const record = { ...(await createRecord(custody, "ES256")), custody: newCustody };
    expect(await assess(record, both)).toMatchObject({
      standing: "refused",
      problem: expect.stringContaining(record.kid),
    });
    await expect(both.open(record)).rejects.toBeInstanceOf(SealedBoxError);
  });

  it("is foreign where the named one is not known", async () => {
    const record = { ...(await createRecord(custody, "ES256")), custody: newCustody };
    expect((await assess(record)).standing).toBe("foreign");
  });
});

describe("a key sealed under another secret", () => {
  test.each(names)("%s: foreign, with its kid, the remedy and no secret", async (algorithm) => {
    const record = await createRecord(custody, algorithm);
    const elsewhere = withSecrets(NEW_SECRET, UNKNOWN_SECRET);
    const { standing, problem } = await assess(record, elsewhere);
    expect(standing).toBe("foreign");
    expect(problem).toContain(`Signing key ${record.kid} cannot be opened`);
    expect(problem).toContain(box.sealsUnder);
    expect(problem).toContain("APP_SECRET=new,earlier");
    for (const secret of [EARLIER_SECRET, NEW_SECRET, UNKNOWN_SECRET]) expect(problem).not.toContain(secret);
    await expect(elsewhere.open(record)).rejects.toBeInstanceOf(SealedBoxError);
  });

  it("opens as soon as that secret stands behind the new one", async () => {
    const record = await createRecord(custody, "ES256");
    const both = withSecrets(NEW_SECRET, EARLIER_SECRET);
    expect(await assess(record, both)).toEqual({ standing: "preferred", problem: null });
    expect(await verifies(record, await (await both.open(record)).sign(DATA), DATA)).toBe(true);
  });
});

describe("resealing", () => {
  const both = withSecrets(NEW_SECRET, EARLIER_SECRET);
  const alone = withSecrets(NEW_SECRET);

  test.each(names)(
    "%s: the same key under the first secret, where the earlier one no longer opens",
    async (algorithm) => {
      const record = await createRecord(custody, algorithm);
      const resealed = both.reseal(record);
      if (resealed === null) throw new Error("It was expected to be sealed anew.");
      const { custody: under, sealedPrivateKey } = resealed;
      expect(resealed).toEqual({ ...record, custody: under, sealedPrivateKey });
      expect(await assess(resealed, alone)).toEqual({ standing: "preferred", problem: null });
      expect((await assess(resealed)).standing).toBe("foreign");
      expect(await verifies(record, await (await alone.open(resealed)).sign(DATA), DATA)).toBe(true);
    },
  );

  it("has nothing to do for a key under the first secret, or one without a private part", async () => {
    const record = await createRecord(both, "ES256");
    expect(both.reseal(record)).toBeNull();
    expect(both.reseal({ ...record, sealedPrivateKey: null })).toBeNull();
  });

  it("never takes what it cannot open", async () => {
    const record = await createRecord(custody, "ES256");
    expect(() => alone.reseal(record)).toThrow(SealedBoxError);
    const moved = { ...record, kid: "moved" };
    expect(() => both.reseal(moved)).toThrow(SealedBoxError);
  });
});

describe("a key whose private part was erased", () => {
  it("has no problem, and signs no more", async () => {
    const record = await createRecord(custody, "ES256", { state: "retiring", sealedPrivateKey: null });
    expect((await assess(record)).problem).toBeNull();
    await expect(custody.open(record)).rejects.toBeInstanceOf(SealedBoxError);
  });
});

it("binds a sealed part to kid, use and algorithm, each on its own", () => {
  const key = { kid: "a", use: "access_token", algorithm: "ES256" } as const;
  const contexts = [
    sealingContext(key),
    sealingContext({ ...key, kid: "b" }),
    sealingContext({ ...key, algorithm: "EdDSA" }),
    sealingContext({ ...key, use: "id_token" as "access_token" }),
    sealingContext({ ...key, kid: 'a","access_token' }),
  ];
  expect(new Set(contexts).size).toBe(contexts.length);
});
