import { createHash, type JsonWebKey } from "node:crypto";
import fc from "fast-check";
import { CompactEncrypt, calculateJwkThumbprint, compactDecrypt, importJWK } from "jose";
import { describe, expect, it, test } from "vitest";
import { newKeyPair } from "@/lib/crypto/testing/key-pair";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { chooseEncryptionKey, parseEncryptionKey, UnusableKeySetError } from "./encryption-key";

const exported = (key: { export(options: { format: "jwk" }): JsonWebKey }) => key.export({ format: "jwk" });

const pairOf = (namedCurve: string) => newKeyPair("ec", { namedCurve });
const { publicKey, privateKey } = pairOf("P-256");
const [PUBLIC, PRIVATE] = [exported(publicKey), exported(privateKey)];
const OTHER = exported(pairOf("P-256").publicKey);
const P384 = exported(pairOf("P-384").publicKey);
const RSA = exported(newKeyPair("rsa", { modulusLength: 2048 }).publicKey);
const X25519 = exported(newKeyPair("x25519").publicKey);

/** What is wrong with an uploaded key. */
function faultOf(input: unknown): string {
  try {
    parseEncryptionKey(input);
  } catch (error) {
    if (!(error instanceof LatchkeyError)) throw error;
    expect([error.code, Object.keys(error.fields ?? {})]).toEqual(["invalid_request", ["encryptionJwk"]]);
    expect([error.reason, error.cause]).toEqual([undefined, undefined]);
    return error.fields?.encryptionJwk ?? "";
  }
  throw new Error("Accepted.");
}

/** What is wrong with a set. */
function faultOfSet(jwks: unknown): string {
  try {
    chooseEncryptionKey(jwks);
  } catch (error) {
    if (error instanceof UnusableKeySetError) return error.message;
    throw error;
  }
  throw new Error("Accepted.");
}

describe("an uploaded key", () => {
  it("is kept without what else it says", () => {
    const said = { use: "enc", alg: "ECDH-ES+A256KW", key_ops: [], ext: true, x5c: ["a"], constructor: 1 };
    expect(parseEncryptionKey({ ...PUBLIC, ...said, kid: "billing 1" })).toEqual({
      kid: "billing 1",
      jwk: { kty: "EC", crv: "P-256", x: PUBLIC.x, y: PUBLIC.y },
    });
  });

  it("is called by its thumbprint when it has no name (RFC 7638)", async () => {
    expect(parseEncryptionKey(PUBLIC).kid).toBe(await calculateJwkThumbprint({ ...PUBLIC, kty: "EC" }));
  });

  it("is one that its owner can decrypt with", async () => {
    const { kid, jwk } = parseEncryptionKey(PUBLIC);
    const header = { alg: "ECDH-ES+A256KW", enc: "A256GCM", kid };
    const encrypted = await new CompactEncrypt(Buffer.from("a"))
      .setProtectedHeader(header)
      .encrypt(await importJWK(jwk, header.alg));
    expect(Buffer.from((await compactDecrypt(encrypted, privateKey)).plaintext).toString()).toBe("a");
  });

  test.each([
    { kid: "~" },
    { kid: "a".repeat(128) },
    { use: "enc" },
    { alg: "ECDH-ES+A256KW" },
    { key_ops: ["deriveKey"] },
    { key_ops: ["deriveBits", "deriveKey"] },
  ])("may say %j", (said) => {
    expect(parseEncryptionKey({ ...PUBLIC, ...said }).jwk.x).toBe(PUBLIC.x);
  });

  const flipped = (text = "") => (text.startsWith("A") ? "B" : "A") + text.slice(1);
  const ofBytes = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
  const bytesOf = (text = "") => Buffer.from(text, "base64url");
  const PRIME = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
  const coordinate = (value: bigint) => ofBytes(Buffer.from(value.toString(16).padStart(64, "0"), "hex"));
  /** The point with x = 0, and the same with x = p, which is the same number to who does not look. */
  const ROOT_OF_B = 0x66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4n;

  test.each([
    ["nothing", null, /as a JWK/],
    ["nothing at all", undefined, /as a JWK/],
    ["its text", JSON.stringify(PUBLIC), /as a JWK/],
    ["a list of it", [PUBLIC], /as a JWK/],
    ["a set of it", { keys: [PUBLIC] }, /type EC/],
    ["an RSA key", RSA, /type EC/],
    ["a key of X25519", X25519, /type EC/],
    ["a key of P-384", P384, /curve P-256/],
    ["a key of another case", { ...PUBLIC, crv: "p-256" }, /curve P-256/],
    ["without y", { ...PUBLIC, y: undefined }, /curve P-256/],
    ["a number as x", { ...PUBLIC, x: 1 }, /curve P-256/],
    ["padding", { ...PUBLIC, x: `${PUBLIC.x}=` }, /curve P-256/],
    ["a space", { ...PUBLIC, x: `${PUBLIC.x} ` }, /curve P-256/],
    ["31 bytes", { ...PUBLIC, x: ofBytes(bytesOf(PUBLIC.x).subarray(1)) }, /curve P-256/],
    [
      "33 bytes",
      { ...PUBLIC, x: ofBytes(Buffer.concat([Buffer.alloc(1), bytesOf(PUBLIC.x)])) },
      /curve P-256/,
    ],
    ["no bytes", { ...PUBLIC, x: "" }, /curve P-256/],
    ["a point beside the curve", { ...PUBLIC, x: flipped(PUBLIC.x) }, /curve P-256/],
    ["the y of another point", { ...PUBLIC, y: OTHER.y }, /curve P-256/],
    ["the point (0, 0)", { ...PUBLIC, x: coordinate(0n), y: coordinate(0n) }, /curve P-256/],
    ["an x above the prime", { ...PUBLIC, x: coordinate(PRIME), y: coordinate(ROOT_OF_B) }, /curve P-256/],
    ["an empty kid", { ...PUBLIC, kid: "" }, /kid/],
    ["a long kid", { ...PUBLIC, kid: "a".repeat(129) }, /kid/],
    ["a kid in two lines", { ...PUBLIC, kid: "a\nb" }, /kid/],
    ["a kid that ends in a line", { ...PUBLIC, kid: "a\n" }, /kid/],
    ["a kid of other letters", { ...PUBLIC, kid: "\u043a" }, /kid/],
    ["a number as kid", { ...PUBLIC, kid: 1 }, /kid/],
    ["no kid in words", { ...PUBLIC, kid: null }, /kid/],
    ["for signatures", { ...PUBLIC, use: "sig" }, /for encryption/],
    ["for everything", { ...PUBLIC, use: ["enc", "sig"] }, /for encryption/],
    ["for ES256", { ...PUBLIC, alg: "ES256" }, /for ECDH-ES\+A256KW/],
    ["for ECDH-ES without wrapping", { ...PUBLIC, alg: "ECDH-ES" }, /for ECDH-ES\+A256KW/],
    ["for A128KW", { ...PUBLIC, alg: "ECDH-ES+A128KW" }, /for ECDH-ES\+A256KW/],
    ["to verify", { ...PUBLIC, key_ops: ["verify"] }, /key_ops/],
    ["to derive and verify", { ...PUBLIC, key_ops: ["deriveKey", "verify"] }, /key_ops/],
    ["key_ops as text", { ...PUBLIC, key_ops: "deriveKey" }, /key_ops/],
  ])("is not %s", (_kind, input, sentence) => {
    expect(faultOf(input)).toMatch(sentence);
  });

  it("counts the point with x = 0, whose other spelling is above the prime", () => {
    expect(ROOT_OF_B ** 2n % PRIME).toBe(0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn);
    expect(parseEncryptionKey({ ...PUBLIC, x: coordinate(0n), y: coordinate(ROOT_OF_B) }).jwk.kty).toBe("EC");
  });

  test.each([
    ["an EC key", PRIVATE],
    ["one for signatures", { ...PRIVATE, use: "sig", kid: 1 }],
    ["one without a value", { ...PUBLIC, d: null }],
    ["RSA", exported(newKeyPair("rsa", { modulusLength: 2048 }).privateKey)],
    ["X25519", exported(newKeyPair("x25519").privateKey)],
    ["a secret", { kty: "oct", k: "c2VjcmV0LXRoYXQtbm9ib2R5LXNlZXM" }],
    ["an AKP key", { kty: "AKP", alg: "ML-DSA-44", priv: "c2VjcmV0LXRoYXQtbm9ib2R5LXNlZXM" }],
  ])("is not a private one: %s, which is not repeated", (_kind, input) => {
    const fault = faultOf(input);
    expect(fault).toMatch(/^This is a private key/);
    const { d, k, priv } = input as Record<string, unknown>;
    for (const secret of [d, k, priv]) if (typeof secret === "string") expect(fault).not.toContain(secret);
  });

  it("is refused for one field with one sentence, whatever is uploaded", () => {
    const said = fc.record(
      {
        kty: fc.anything(),
        crv: fc.constant("P-256"),
        x: fc.anything(),
        y: fc.anything(),
        kid: fc.anything(),
        key_ops: fc.anything(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.anything(), said), (input) => {
        expect(faultOf(input)).toMatch(/^[A-Z].*\.$/);
      }),
    );
  });
});

describe("the key of a set", () => {
  const kidOf = (keys: unknown[]) => chooseEncryptionKey({ keys }).kid;
  const named = (kid: string, said: object = {}) => ({ ...PUBLIC, kid, ...said });

  it("is the first that says that it is for encryption", () => {
    expect(kidOf([named("a"), named("b", { use: "enc" }), named("c", { use: "enc" })])).toBe("b");
    expect(kidOf([named("a"), named("b", { alg: "ECDH-ES+A256KW" })])).toBe("b");
  });

  it("is the first that says nothing against it, when none says so", () => {
    expect(kidOf([named("a", { use: "sig" }), named("b"), named("c")])).toBe("b");
  });

  it("is not one of another kind, or that is broken", () => {
    const others = [RSA, P384, X25519, null, "a", 1, [], {}, [PUBLIC], { kty: "AKP", pub: "a" }];
    const broken = [
      named("a", { use: "enc", y: OTHER.y }),
      named("b", { use: "enc", alg: "ECDH-ES" }),
      named("c", { use: "sig", alg: "ECDH-ES+A256KW" }),
      named("", { use: "enc" }),
    ];
    expect(kidOf([...others, ...broken, named("d")])).toBe("d");
    expect(faultOfSet({ keys: [...others, ...broken] })).toMatch(/No key of this set/);
  });

  it("is one of the first twenty", () => {
    const others = (count: number) => Array.from({ length: count }, () => RSA);
    expect(kidOf([...others(19), named("a")])).toBe("a");
    expect(faultOfSet({ keys: [...others(20), named("a")] })).toMatch(/No key/);
  });

  it.each([[{ keys: [] }], [{ keys: [RSA] }]])("is not in %j", (jwks) => {
    expect(faultOfSet(jwks)).toMatch(/No key of this set/);
  });

  it.each([[null], [[]], [{}], [{ keys: {} }], [{ keys: "a" }], ["keys"], [PUBLIC]])(
    "is not in %j",
    (jwks) => {
      expect(faultOfSet(jwks)).toMatch(/not a JWK Set/);
    },
  );

  it("is none of a set with a private key in it, wherever that is", () => {
    const secret = { kty: "oct", k: createHash("sha256").update("a").digest("base64url") };
    const many = Array.from({ length: 40 }, () => RSA);
    for (const keys of [[PRIVATE], [named("a"), PRIVATE], [named("a", { use: "enc" }), ...many, secret]]) {
      const fault = faultOfSet({ keys });
      expect(fault).toMatch(/^A private key is published/);
      expect(fault).not.toContain(PRIVATE.d);
    }
  });
});
