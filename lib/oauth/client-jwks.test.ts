import type { KeyObject } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { UnusableKeySetError } from "@/lib/audiences/encryption-key";
import { newKeyPair } from "@/lib/crypto/testing/key-pair";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { chooseClientKeys, parseClientJwks } from "./client-jwks";

const exported = (key: KeyObject) => key.export({ format: "jwk" });
const rsa = (modulusLength: number, publicExponent = 65_537) =>
  newKeyPair("rsa", { modulusLength, publicExponent });

const P256 = newKeyPair("ec", { namedCurve: "P-256" });
const [EC, OTHER_EC] = [P256.publicKey, newKeyPair("ec", { namedCurve: "P-256" }).publicKey].map(exported);
const ED25519 = exported(newKeyPair("ed25519").publicKey);
const RSA_PAIR = rsa(2_048);
const RSA = exported(RSA_PAIR.publicKey);
const P384 = exported(newKeyPair("ec", { namedCurve: "P-384" }).publicKey);
const X25519 = exported(newKeyPair("x25519").publicKey);

/** What is wrong with a set that an administrator gives. */
function faultOf(value: unknown): string {
  try {
    parseClientJwks(value);
  } catch (error) {
    if (!(error instanceof LatchkeyError)) throw error;
    expect([error.code, Object.keys(error.fields ?? {})]).toEqual(["invalid_request", ["jwks"]]);
    expect([error.reason, error.cause]).toEqual([undefined, undefined]);
    return error.fields?.jwks ?? "";
  }
  throw new Error("Accepted.");
}

describe("a key that is registered", () => {
  test.each([
    ["of P-256", EC, "ES256"],
    ["of Ed25519", ED25519, "EdDSA"],
    ["RSA", RSA, "RS256"],
    ["RSA for PS256", { ...RSA, alg: "PS256" }, "PS256"],
    ["that says its algorithm", { ...EC, alg: "ES256" }, "ES256"],
  ])("%s is for one algorithm", (_kind, jwk, alg) => {
    expect(parseClientJwks({ keys: [jwk] })).toEqual({ keys: [{ ...jwk, alg }] });
  });

  it("is kept without what else it says", () => {
    const said = {
      use: "sig",
      key_ops: ["verify"],
      ext: true,
      x5c: ["a"],
      x5u: "https://a.test",
      constructor: 1,
    };
    expect(parseClientJwks({ keys: [{ ...EC, ...said, kid: "one 1" }], more: 1 })).toEqual({
      keys: [{ kty: "EC", crv: "P-256", x: EC?.x, y: EC?.y, alg: "ES256", kid: "one 1" }],
    });
  });

  it("is one of ten at most", () => {
    const many = (count: number) => ({ keys: Array.from({ length: count }, () => EC) });
    expect(parseClientJwks(many(10)).keys).toHaveLength(10);
    expect(faultOf(many(11))).toBe("Give a JWK Set with 1 to 10 public keys.");
  });

  it.each([
    [null],
    [undefined],
    ["keys"],
    [[]],
    [[EC]],
    [{}],
    [EC],
    [{ keys: [] }],
    [{ keys: {} }],
    [{ keys: "a" }],
  ])("is not in %j", (value) => {
    expect(faultOf(value)).toBe("Give a JWK Set with 1 to 10 public keys.");
  });

  it("has a name of its own, if any", () => {
    const named = (kid: string) => ({ ...EC, kid });
    expect(parseClientJwks({ keys: [named("a"), named("b"), EC, RSA] }).keys).toHaveLength(4);
    expect(faultOf({ keys: [named("a"), { ...RSA, kid: "a" }] })).toBe("Two keys have the same kid.");
  });

  const ofBytes = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
  test.each([
    ["nothing", null, /as a JWK/],
    ["its text", JSON.stringify(EC), /as a JWK/],
    ["a list", [EC], /as a JWK/],
    ["no type", { ...EC, kty: undefined }, /P-256, Ed25519 or RSA/],
    ["another type", { kty: "AKP", alg: "ML-DSA-44", pub: "YQ" }, /P-256, Ed25519 or RSA/],
    ["the type in another case", { ...EC, kty: "ec" }, /P-256, Ed25519 or RSA/],
    ["P-384", P384, /P-256, Ed25519 or RSA/],
    ["X25519", X25519, /P-256, Ed25519 or RSA/],
    ["Ed25519 as an EC key", { ...ED25519, kty: "EC" }, /P-256, Ed25519 or RSA/],
    ["no y", { ...EC, y: undefined }, /not a public key of its type/],
    ["the y of another point", { ...EC, y: OTHER_EC?.y }, /not a public key of its type/],
    ["31 bytes", { ...EC, x: ofBytes(Buffer.alloc(31, 1)) }, /not a public key of its type/],
    ["padding", { ...EC, x: `${EC?.x}=` }, /not a public key of its type/],
    ["33 bytes of Ed25519", { ...ED25519, x: ofBytes(Buffer.alloc(33, 1)) }, /not a public key of its type/],
    ["no modulus", { ...RSA, n: "" }, /RSA key must have|not a public key/],
    ["a modulus of 2047 bits", exported(rsa(2_047).publicKey), /2048 to 8192 bits/],
    ["a modulus of 1024 bits", exported(rsa(1_024).publicKey), /2048 to 8192 bits/],
    ["a modulus of 8200 bits", { ...RSA, n: ofBytes(Buffer.alloc(1_025, 255)) }, /2048 to 8192 bits/],
    ["an exponent of 3", exported(rsa(2_048, 3).publicKey), /exponent of at least 65537/],
    ["an exponent of 1", { ...RSA, e: "AQ" }, /exponent of at least 65537/],
    ["no exponent", { ...RSA, e: undefined }, /not a public key of its type/],
    ["an empty kid", { ...EC, kid: "" }, /kid/],
    ["a long kid", { ...EC, kid: "a".repeat(129) }, /kid/],
    ["a kid in two lines", { ...EC, kid: "a\nb" }, /kid/],
    ["a number as kid", { ...EC, kid: 1 }, /kid must be text/],
    ["encryption as its use", { ...EC, use: "enc" }, /for signatures/],
    ["another algorithm of its type", { ...EC, alg: "ES384" }, /for ES256/],
    ["encryption as its algorithm", { ...RSA, alg: "RSA-OAEP" }, /for RS256 or PS256/],
    ["the algorithm of another type", { ...RSA, alg: "ES256" }, /for RS256 or PS256/],
    ["an algorithm that two parties share", { ...ED25519, alg: "HS256" }, /for EdDSA/],
    ["no algorithm in words", { ...EC, alg: "none" }, /for ES256/],
    ["signing", { ...EC, key_ops: ["sign", "verify"] }, /key_ops/],
    ["no operations", { ...EC, key_ops: [] }, /key_ops/],
  ])("is not one with %s", (_what, jwk, sentence) => {
    expect(faultOf({ keys: [jwk] })).toMatch(sentence);
    expect(faultOf({ keys: [EC, jwk] })).toMatch(/^Key 2: /);
  });

  test.each([
    ["an EC key", exported(P256.privateKey)],
    ["an RSA key", exported(RSA_PAIR.privateKey)],
    ["an Ed25519 key", exported(newKeyPair("ed25519").privateKey)],
    ["a key without a value", { ...EC, d: null }],
    ["a key of another curve", exported(newKeyPair("x25519").privateKey)],
    ["a secret", { kty: "oct", k: "c2VjcmV0LXRoYXQtbm9ib2R5LXNlZXM" }],
    ["an AKP key", { kty: "AKP", alg: "ML-DSA-44", priv: "c2VjcmV0LXRoYXQtbm9ib2R5LXNlZXM" }],
  ])("is not a private one: %s, which is not repeated", (_kind, jwk) => {
    const fault = faultOf({ keys: [jwk] });
    expect(fault).toMatch(/^Key 1: This is a private key/);
    const { d, k, priv } = jwk as Record<string, unknown>;
    for (const secret of [d, k, priv]) if (typeof secret === "string") expect(fault).not.toContain(secret);
  });

  it("is refused for one field with one sentence, whatever is given", () => {
    const said = fc.record({
      kty: fc.constantFrom("EC", "OKP", "RSA"),
      x: fc.anything(),
      n: fc.anything(),
      kid: fc.anything(),
    });
    fc.assert(
      fc.property(fc.oneof(fc.anything(), said), (jwk) => {
        expect(faultOf({ keys: [jwk] })).toMatch(/^Key 1: [A-Z].*\.$/);
        expect(faultOf(jwk)).toMatch(/^[A-Z].*\.$/);
      }),
    );
  });
});

describe("the keys that a client publishes", () => {
  /** What is wrong with a published set. */
  function faultOfSet(jwks: unknown): string {
    try {
      chooseClientKeys(jwks);
    } catch (error) {
      if (error instanceof UnusableKeySetError) return error.message;
      throw error;
    }
    throw new Error("Accepted.");
  }
  const OTHERS = [
    P384,
    X25519,
    null,
    "a",
    1,
    {},
    [EC],
    { ...EC, use: "enc" },
    { ...RSA, alg: "RSA-OAEP" },
    { ...EC, y: "a" },
  ];

  it("are those that can be used, beside all others", () => {
    const keys = chooseClientKeys({ keys: [...OTHERS, EC, ED25519, { ...RSA, alg: "PS256", kid: "r" }] });
    expect(keys.map(({ alg, kid }) => [alg, kid])).toEqual([
      ["ES256", undefined],
      ["EdDSA", undefined],
      ["PS256", "r"],
    ]);
  });

  it("are among the first twenty", () => {
    const others = (count: number) => Array.from({ length: count }, () => P384);
    expect(chooseClientKeys({ keys: [...others(19), EC, RSA] })).toHaveLength(1);
    expect(faultOfSet({ keys: [...others(20), EC] })).toMatch(/^No key of this set/);
  });

  it.each([[{ keys: [] }], [{ keys: OTHERS }]])("are not in %j", (jwks) => {
    expect(faultOfSet(jwks)).toMatch(/^No key of this set/);
  });

  it.each([[null], [[]], [{}], [{ keys: {} }], ["keys"], [EC]])("are not in %j", (jwks) => {
    expect(faultOfSet(jwks)).toMatch(/not a JWK Set/);
  });

  it("are none of a set with a private key in it, wherever that is", () => {
    const many = Array.from({ length: 40 }, () => EC);
    const leaked = exported(RSA_PAIR.privateKey);
    for (const keys of [[leaked], [EC, leaked], [...many, leaked], [EC, { kty: "oct", k: "a" }]]) {
      expect(faultOfSet({ keys })).toMatch(/^A private key is published/);
    }
  });
});
