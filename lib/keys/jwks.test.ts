import { describe, expect, it, test } from "vitest";
import { addSeconds } from "@/lib/crypto/clock";
import { createSealedBox } from "@/lib/crypto/sealed-box";
import { ALGORITHMS, type Algorithm, isAlgorithm, isSymmetric } from "./algorithms";
import { jwksDocument, jwksMaxAgeSeconds } from "./jwks";
import { SealedCustody } from "./sealed-custody";
import { type KeyState, type SigningKeyRecord, secretUse } from "./signing-key";
import { createRecord } from "./testing/key-records";

const NOW = new Date("2026-11-24T12:00:00Z");
const custody = new SealedCustody(createSealedBox(["s".repeat(32)]));
const names = (Object.keys(ALGORITHMS) as Algorithm[]).filter((name) => !isSymmetric(name));
const keys = await Promise.all(names.map((name) => createRecord(custody, name)));
const secretKey = await createRecord(custody, "HS256");

const published = (records: readonly SigningKeyRecord[]) =>
  (JSON.parse(jwksDocument(records).body) as { keys: Record<string, unknown>[] }).keys;

describe("the document", () => {
  const publicMembers: Partial<Record<Algorithm, string[]>> = {
    ES256: ["kty", "crv", "x", "y", "kid", "use", "alg"],
    RS256: ["kty", "n", "e", "kid", "use", "alg"],
    EdDSA: ["kty", "crv", "x", "kid", "use", "alg"],
  };

  test.each(keys)("of an $algorithm key has its public members and no others", (record) => {
    const [jwk] = published([record]);
    expect(Object.keys(jwk ?? {}).sort()).toEqual(publicMembers[record.algorithm]?.sort());
    expect(jwk).toMatchObject({ kid: record.kid, use: "sig", alg: record.algorithm });
  });

  it("has no private member even when the row holds one", () => {
    const secret = { d: "x", p: "x", q: "x", dp: "x", dq: "x", qi: "x", oth: [], k: "x" };
    for (const record of keys) {
      const [jwk] = published([{ ...record, publicJwk: { ...record.publicJwk, ...secret } }]);
      expect(Object.keys(jwk ?? {}).sort()).toEqual(publicMembers[record.algorithm]?.sort());
    }
  });

  test.each<[KeyState, number]>([
    ["staged", 1],
    ["active", 1],
    ["retiring", 1],
    ["retired", 0],
    ["revoked", 0],
  ])("has a %s key %s times", (state, count) => {
    expect(published(keys.slice(0, 1).map((record) => ({ ...record, state })))).toHaveLength(count);
  });

  test.each<KeyState>(["staged", "active", "retiring"])("never has a %s secret", (state) => {
    expect(published([{ ...secretKey, state }])).toEqual([]);
    const asIfPublic = { ...secretKey, state, publicJwk: { kty: "oct", k: "c2VjcmV0" } };
    expect(published([asIfPublic, ...keys])).toHaveLength(keys.length);
    expect(jwksDocument([asIfPublic]).body).not.toContain("c2VjcmV0");
  });

  it("never has a key of one audience, whatever its row says it is", () => {
    const theirs = keys.map((record) => ({ ...record, use: secretUse("billing") }));
    expect(published([...theirs, ...keys])).toHaveLength(keys.length);
  });
});

describe("ETag", () => {
  const etag = (records: readonly SigningKeyRecord[]) => jwksDocument(records).etag;

  it("is a strong one", () => {
    expect(etag(keys)).toMatch(/^"[A-Za-z0-9_-]{22}"$/);
  });

  it("changes when a key comes or goes, and only then", () => {
    expect(etag(keys)).toBe(
      etag(keys.map((record) => ({ ...record, state: "retiring", activatedAt: null }))),
    );
    expect(etag(keys)).toBe(etag(keys.map((record) => ({ ...record, sealedPrivateKey: null }))));
    const sets = [[], keys.slice(0, 1), keys.slice(0, 2), keys, keys.slice(1)];
    expect(new Set(sets.map(etag)).size).toBe(sets.length);
    expect(etag(keys.map((record) => ({ ...record, state: "revoked" })))).toBe(etag([]));
  });
});

describe("max-age", () => {
  test.each<[secondsUntilChange: number | null, maxAge: number]>([
    [null, 300],
    [86_400, 300],
    [300, 300],
    [299.999, 299],
    [1.5, 1],
    [0.999, 0],
    [0, 0],
    // The change is due, and this process has not yet seen that it was made.
    [-1, 0],
    [-60, 0],
  ])("with the next change in %s s is %s", (seconds, maxAge) => {
    const nextChange = seconds === null ? null : addSeconds(NOW, seconds);
    expect(jwksMaxAgeSeconds(nextChange, NOW)).toBe(maxAge);
  });
});

describe("the algorithms table", () => {
  it("holds exactly these", () => {
    expect(ALGORITHMS).toEqual({
      ES256: { kty: "EC", generate: { crv: "P-256" }, digest: "sha256" },
      RS256: { kty: "RSA", generate: { modulusLength: 3072 }, digest: "sha256" },
      EdDSA: { kty: "OKP", generate: { crv: "Ed25519" }, digest: null },
      HS256: { kty: "oct", generate: {}, digest: "sha256" },
    });
  });

  test.each([
    "none",
    "HS384",
    "ES384",
    "es256",
    "ES256 ",
    "constructor",
    "__proto__",
    "toString",
    "",
    1,
    null,
    undefined,
  ])("knows no %j", (name) => {
    expect(isAlgorithm(name)).toBe(false);
  });
});
