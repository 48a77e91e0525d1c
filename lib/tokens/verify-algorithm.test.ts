import { createHmac, sign } from "node:crypto";
import { type CryptoKey, importJWK, type JWK } from "jose";
import { describe, expect, it, test } from "vitest";
import { newKeyPair } from "@/lib/crypto/testing/key-pair";
import {
  base64url,
  claims,
  createTestKey,
  createTestVerifier,
  forge,
  header,
  partsOf,
  signTexts,
  type TestKey,
} from "./testing/test-issuer";

const own = await createTestKey("own");
const rsa = await createTestKey("rsa", "RS256");
const ed = await createTestKey("ed", "EdDSA");
const { verdict, lookups } = createTestVerifier([own, rsa, ed]);
const honest = forge(own);

it("accepts the honest token that every row below is made from", async () => {
  expect(await verdict(honest)).toBe("accepted");
});

describe("alg: none", () => {
  const spellings = ["none", "None", "NONE", "nOnE", "", null];
  const [, payload, signature] = partsOf(honest);
  const withHeader = (alg: unknown) => base64url(JSON.stringify(header(own, { alg })));

  test.each(spellings)("%j without a signature is malformed", async (alg) => {
    expect(await verdict(`${withHeader(alg)}.${payload}.`)).toBe("malformed");
  });

  test.each(spellings)("%j with the signature of the honest token", async (alg) => {
    expect(await verdict(`${withHeader(alg)}.${payload}.${signature}`)).toBe("algorithm");
  });

  test.each(spellings)("%j validly signed", async (alg) => {
    expect(await verdict(forge(own, { header: { alg } }))).toBe("algorithm");
  });
});

describe("HS256 with the public key as its secret", () => {
  const jwkMembers = (key: TestKey) => Object.entries(key.publicJwk);
  const bytesOf = (key: TestKey, ...names: ("x" | "y" | "n")[]) =>
    Buffer.concat(names.map((name) => Buffer.from(key.publicJwk[name] ?? "", "base64url")));
  const formsOf = (key: TestKey) => {
    const pem = key.publicKey.export({ format: "pem", type: "spki" }).toString();
    return {
      "SPKI PEM": pem,
      "SPKI PEM without its last newline": pem.trimEnd(),
      "SPKI DER": key.publicKey.export({ format: "der", type: "spki" }),
      "JWK as JSON": JSON.stringify(Object.fromEntries(jwkMembers(key))),
      "JWK as JSON, members reversed": JSON.stringify(Object.fromEntries(jwkMembers(key).reverse())),
    };
  };
  const secrets: [key: TestKey, form: string, secret: string | Buffer][] = [
    ...Object.entries(formsOf(own)).map(([form, secret]): [TestKey, string, string | Buffer] => [
      own,
      form,
      secret,
    ]),
    [own, "x and y", bytesOf(own, "x", "y")],
    [own, "uncompressed point", Buffer.concat([Buffer.from([4]), bytesOf(own, "x", "y")])],
    ...Object.entries(formsOf(rsa)).map(([form, secret]): [TestKey, string, string | Buffer] => [
      rsa,
      form,
      secret,
    ]),
    [rsa, "PKCS#1 PEM", rsa.publicKey.export({ format: "pem", type: "pkcs1" })],
    [rsa, "PKCS#1 DER", rsa.publicKey.export({ format: "der", type: "pkcs1" })],
    [rsa, "modulus", bytesOf(rsa, "n")],
    [own, "empty", ""],
  ];

  test.each(secrets)("$kid: %s", async (key, _form, secret) => {
    const input = `${base64url(JSON.stringify(header(key, { alg: "HS256" })))}.${base64url(JSON.stringify(claims()))}`;
    const mac = createHmac("sha256", secret).update(input).digest();
    const both = createTestVerifier([own, rsa], { algorithms: new Set(["ES256", "RS256"]) });
    expect(await verdict(`${input}.${base64url(mac)}`)).toBe("algorithm");
    expect(await both.verdict(`${input}.${base64url(mac)}`)).toBe("algorithm");
    expect(both.lookups).toEqual([]);
  });
});

describe("HS256 where a secret of ours is live beside public keys", async () => {
  const secret = await createTestKey("secret", "HS256");
  const every = createTestVerifier([own, rsa, ed, secret], {
    algorithms: new Set(["ES256", "RS256", "EdDSA", "HS256"]),
  });
  const signedWith = (kid: string, hmacKey: string | Buffer) => {
    const input = `${base64url(JSON.stringify(header(own, { alg: "HS256", kid })))}.${base64url(JSON.stringify(claims()))}`;
    return `${input}.${base64url(createHmac("sha256", hmacKey).update(input).digest())}`;
  };
  const pemOf = ({ publicKey }: TestKey) => publicKey.export({ format: "pem", type: "spki" }).toString();

  it("is accepted of that secret alone", async () => {
    expect(await every.verdict(forge(secret))).toBe("accepted");
    expect(await every.verdict(signedWith("secret", Buffer.alloc(32)))).toBe("signature");
    expect(await every.verdict(signedWith("secret", ""))).toBe("signature");
  });

  test.each([own, rsa, ed])("is refused over the public $verificationKey.algorithm key", async (key) => {
    expect(await every.verdict(signedWith(key.kid, pemOf(key)))).toBe("algorithm");
    expect(await every.verdict(signedWith("secret", pemOf(key)))).toBe("signature");
    expect(await every.verdict(signedWith("secret", JSON.stringify(key.publicJwk)))).toBe("signature");
  });

  test.each([own, rsa, ed])("is no $verificationKey.algorithm key under its name", async (key) => {
    expect(await every.verdict(forge(key, { header: { kid: "secret" } }))).toBe("algorithm");
    expect(await every.verdict(forge(secret, { header: { kid: key.kid } }))).toBe("algorithm");
    expect(
      await every.verdict(forge(secret, { header: { kid: key.kid, alg: key.verificationKey.algorithm } })),
    ).toBe("signature");
    expect(await every.verdict(forge(key, { header: { kid: "secret", alg: "HS256" } }))).toBe("signature");
  });
});

describe("an algorithm that is no live key's, or not the named key's", () => {
  test.each([
    "ES384",
    "ES512",
    "ES256K",
    "RS256",
    "PS256",
    "EdDSA",
    "HS256",
    "HS512",
    "ES256 ",
    " ES256",
    "es256",
    "Es256",
  ])("%j over the ES256 key", async (alg) => {
    expect(await verdict(forge(own, { header: { alg } }))).toBe("algorithm");
  });

  test.each([
    ["absent", undefined],
    ["a number", 256],
    ["a list", ["ES256"]],
    ["true", true],
  ])("alg %s", async (_name, alg) => {
    expect(await verdict(forge(own, { header: { alg } }))).toBe("algorithm");
  });

  test.each([rsa, ed])(
    "a valid $verificationKey.algorithm token of our own key, of no algorithm that is asked for",
    async (key) => {
      expect(await verdict(forge(key))).toBe("algorithm");
    },
  );

  it("refuses an algorithm that is asked for but the named key is not bound to", async () => {
    const every = createTestVerifier([own, rsa], { algorithms: new Set(["ES256", "RS256"]) });
    expect(await every.verdict(forge(rsa))).toBe("accepted");
    expect(await every.verdict(forge(own, { header: { kid: "rsa" } }))).toBe("algorithm");
    expect(await every.verdict(forge(rsa, { header: { kid: "own" } }))).toBe("algorithm");
  });
});

describe("kid", () => {
  test.each([
    ["traversal", "../../../../dev/null"],
    ["SQL", "' UNION SELECT 'k'--"],
    ["NUL", "own\u0000"],
    ["another case", "OWN"],
    ["a space behind", "own "],
    ["empty", ""],
    ["__proto__", "__proto__"],
    ["constructor", "constructor"],
    ["64 characters", "k".repeat(64)],
  ])("%s is a key that is not there", async (_name, kid) => {
    expect(await verdict(forge(own, { header: { kid } }))).toBe("unknown_key");
    expect(lookups.at(-1)).toBe(kid);
  });

  test.each([
    ["absent", undefined],
    ["65 characters", "k".repeat(65)],
    ["a number", 1],
    ["null", null],
    ["a list that reads as the kid", ["own"]],
    ["an object that reads as the kid", { toString: "own" }],
  ])("%s is refused before any key is looked for", async (_name, kid) => {
    const before = lookups.length;
    expect(await verdict(forge(own, { header: { kid } }))).toBe("header");
    expect(lookups).toHaveLength(before);
  });

  it("of 64 KB is too large", async () => {
    expect(await verdict(forge(own, { header: { kid: "k".repeat(65_536) } }))).toBe("too_large");
  });

  it("refuses an HMAC over the empty key of a kid that names an empty file", async () => {
    const fields = { alg: "HS256", kid: "../../../../dev/null" };
    const input = `${base64url(JSON.stringify(header(own, fields)))}.${base64url(JSON.stringify(claims()))}`;
    const mac = createHmac("sha256", "").update(input).digest("base64url");
    expect(await verdict(`${input}.${mac}`)).toBe("algorithm");
  });
});

it("refuses what an RSA key under 2048 bits has signed", async () => {
  for (const modulusLength of [1_024, 2_047, 2_048]) {
    const { publicKey, privateKey } = newKeyPair("rsa", { modulusLength });
    const key = (await importJWK(publicKey.export({ format: "jwk" }) as JWK, "RS256")) as CryptoKey;
    const weak: TestKey = {
      ...rsa,
      verificationKey: { ...rsa.verificationKey, key },
      sign: (input) => sign("sha256", Buffer.from(input), privateKey),
    };
    const verifier = createTestVerifier([weak], { algorithms: new Set(["RS256"]) });
    expect(await verifier.verdict(forge(weak))).toBe(modulusLength < 2_048 ? "signature" : "accepted");
  }
});

describe("a key that is not the one named", () => {
  it("refuses another issuer's key under our kid", async () => {
    const foreign = await createTestKey("own");
    expect(await verdict(forge(foreign))).toBe("signature");
  });

  it("refuses another issuer's key under its own kid", async () => {
    const foreign = await createTestKey("foreign");
    expect(await verdict(forge(foreign))).toBe("unknown_key");
  });

  it("looks at the payload only when the signature holds", async () => {
    const foreign = await createTestKey("own");
    expect(await verdict(signTexts(foreign, JSON.stringify(header(own)), JSON.stringify({ exp: "x" })))).toBe(
      "signature",
    );
  });
});
