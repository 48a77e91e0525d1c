import { createHmac, type JsonWebKey, randomBytes, sign } from "node:crypto";
import fc from "fast-check";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { describe, expect, it, test } from "vitest";
import { newKeyPair } from "@/lib/crypto/testing/key-pair";
import { type ProvenRequest, verifyDpopProof } from "./dpop-proof";
import { base64url, forge, NOW, NOW_SECONDS, partsOf, signTexts } from "./testing/test-issuer";
import { createTestProver, hashOf, PROVEN, proofClaims, proofHeader } from "./testing/test-prover";

const RULES = { now: NOW, clockToleranceSeconds: 10, maxAgeSeconds: 60 };
const prover = await createTestProver();
const other = await createTestProver();
const rsa = await createTestProver("RS256");
const privateJwk = newKeyPair("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" });

const HEADER = JSON.stringify(proofHeader(prover.key.publicJwk));
const PAYLOAD = JSON.stringify(proofClaims());

/** `accepted`, or the reason of the refusal. */
async function verdict(proof: string, expected: Partial<ProvenRequest> = {}, now = NOW): Promise<string> {
  const verification = await verifyDpopProof(proof, { ...PROVEN, ...expected }, { ...RULES, now });
  return verification.ok ? "accepted" : verification.reason;
}

describe("an honest proof", () => {
  test.each(["ES256", "RS256", "EdDSA"] as const)("by %s names its key", async (algorithm) => {
    const { jkt, prove } = await createTestProver(algorithm);
    expect(await verifyDpopProof(prove(), PROVEN, RULES)).toEqual({
      ok: true,
      jkt,
      jti: "cHJvb2YtaWQtMTIzNDU2Nzg5",
      iat: NOW_SECONDS,
      nonce: null,
    });
  });

  test("by PS256, as another program makes it", async () => {
    const { publicKey, privateKey } = await generateKeyPair("PS256");
    const jwk = await exportJWK(publicKey);
    const proof = await new SignJWT({ ...proofClaims() })
      .setProtectedHeader({ typ: "dpop+jwt", alg: "PS256", jwk })
      .sign(privateKey);
    const verification = await verifyDpopProof(proof, PROVEN, RULES);
    expect(verification).toMatchObject({ ok: true, jkt: await calculateJwkThumbprint(jwk) });
  });

  it("is the example of RFC 9449 section 4.1", async () => {
    const proof =
      "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
    const rules = { ...RULES, now: new Date(1_562_262_616_000) };
    const request = { method: "POST", url: "https://server.example.com/token" };
    expect(await verifyDpopProof(proof, request, rules)).toMatchObject({
      ok: true,
      jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
    });
  });

  it("hands on the nonce as it stands there", async () => {
    const verification = await verifyDpopProof(prover.prove({ payload: { nonce: "n-1" } }), PROVEN, RULES);
    expect(verification).toMatchObject({ nonce: "n-1" });
  });

  test.each<[string, object]>([
    ["says more of itself", { payload: { sub: "me", scope: "read" } }],
    ["names its key", { header: { kid: "mine" } }],
    [
      "has its key as a browser exports it",
      { header: { jwk: { ...prover.key.publicJwk, ext: true, key_ops: ["verify"] } } },
    ],
    [
      "has its key as a server exports it",
      { header: { jwk: { ...prover.key.publicJwk, kid: "mine", use: "sig", alg: "ES256" } } },
    ],
  ])("%s", async (_name, changes) => {
    const verification = await verifyDpopProof(prover.prove(changes), PROVEN, RULES);
    expect(verification).toMatchObject({ ok: true, jkt: prover.jkt });
  });

  test.each([
    ["with white space", JSON.stringify(JSON.parse(HEADER), null, 2), PAYLOAD.replaceAll('":', '" :\t')],
    ["with escaped slashes", HEADER, PAYLOAD.replaceAll("/", "\\/")],
    ["with escaped letters", HEADER.replace("dpop", "\\u0064pop"), PAYLOAD.replace("GET", "\\u0047ET")],
    [
      "in another order",
      HEADER,
      JSON.stringify(Object.fromEntries(Object.entries(proofClaims()).toReversed())),
    ],
  ])("is written %s", async (_name, header, payload) => {
    expect(await verdict(signTexts(prover.key, header, payload))).toBe("accepted");
  });
});

describe("JSON with two readings, validly signed", () => {
  const doubled = (text: string, name: string, value: unknown) =>
    text.replace("{", `{${JSON.stringify(name)}: ${JSON.stringify(value)}, `);

  test.each([
    ["two alg", doubled(HEADER, "alg", "none"), PAYLOAD],
    ["two jwk", doubled(HEADER, "jwk", other.key.publicJwk), PAYLOAD],
    ["two x within the key", HEADER.replace('"x":', '"x":"AAAA","x":'), PAYLOAD],
    ["two htu", HEADER, doubled(PAYLOAD, "htu", "https://evil.example")],
    ["the same jti twice", HEADER, doubled(PAYLOAD, "jti", "cHJvb2YtaWQtMTIzNDU2Nzg5")],
    ["an escaped second htm", HEADER, PAYLOAD.replace("{", '{"\\u0068tm":"POST",')],
    ["a number in another form", HEADER, PAYLOAD.replace(/"iat":(\d+)/, '"iat":$1.0')],
    ["a byte order mark", HEADER, `\ufeff${PAYLOAD}`],
    ["a comment", HEADER, PAYLOAD.replace("{", "{/**/")],
    ["two numbers with a space between", HEADER, PAYLOAD.replace(/"iat":(\d+)/, '"iat":1 $1')],
    ["nothing", HEADER, ""],
    ["a list", HEADER, "[]"],
    ["null", "null", PAYLOAD],
  ])("%s", async (_name, header, payload) => {
    expect(await verdict(signTexts(prover.key, header, payload))).toBe("malformed");
  });
});

describe("a text that is no proof", () => {
  const honest = prover.prove();
  const [header, payload, signature] = partsOf(honest);
  test.each([
    ["nothing", ""],
    ["a word", "proof"],
    ["two proofs", `${honest}, ${honest}`],
    ["two proofs without a space", `${honest},${honest}`],
    ["two parts", `${header}.${payload}`],
    ["four parts", `${honest}.`],
    ["no signature", `${header}.${payload}.`],
    ["padding", `${honest}==`],
    ["a space in front", ` ${honest}`],
    ["a newline behind", `${honest}\n`],
    ["a line break within", `${header}\n.${payload}.${signature}`],
    ["a JSON serialization", JSON.stringify({ protected: header, payload, signature })],
  ])("%s", async (_name, text) => {
    expect(await verdict(text)).toBe("malformed");
  });

  it("is not read when it is too long", async () => {
    expect(await verdict(prover.prove({ payload: { filler: "x".repeat(4_096) } }))).toBe("too_large");
    expect(await verdict(".".repeat(1_000_000))).toBe("too_large");
  });

  test("any text at all is refused without an error", async () => {
    const part = fc.oneof(fc.string(), fc.base64String(), fc.json().map(base64url));
    const texts = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.array(part, { maxLength: 5 }).map((all) => all.join(".")),
    );
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        expect(await verdict(text)).not.toBe("accepted");
      }),
    );
  });

  test("an honest one is refused with any one character changed", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(honest.length - 1),
        fc.string({ minLength: 1, maxLength: 1 }),
        async (at, other) => {
          fc.pre(honest[at] !== other);
          expect(await verdict(honest.slice(0, at) + other + honest.slice(at + 1))).not.toBe("accepted");
        },
      ),
    );
  });
});

describe("a header that is not of a proof", () => {
  const { publicJwk } = prover.key;
  test.each<[string, object, string]>([
    ["an access token's type", { typ: "at+jwt" }, "type"],
    ["a plain JWT's type", { typ: "JWT" }, "type"],
    ["no type", { typ: undefined }, "type"],
    ["the type in another case", { typ: "DPoP+jwt" }, "type"],
    ["alg none", { alg: "none" }, "algorithm"],
    ["alg None", { alg: "None" }, "algorithm"],
    ["no alg", { alg: undefined }, "algorithm"],
    ["alg HS256", { alg: "HS256" }, "algorithm"],
    ["alg ES384", { alg: "ES384" }, "algorithm"],
    ["alg es256", { alg: "es256" }, "algorithm"],
    ["alg constructor", { alg: "constructor" }, "algorithm"],
    ["a list as alg", { alg: ["ES256"] }, "algorithm"],
    ["crit", { crit: ["exp"] }, "header"],
    ["b64", { b64: true }, "header"],
    ["jku", { jku: "https://evil.example/jwks" }, "header"],
    ["x5u", { x5u: "https://evil.example/chain" }, "header"],
    ["x5c", { x5c: ["MII="] }, "header"],
    ["zip", { zip: "DEF" }, "header"],
    ["no key", { jwk: undefined }, "key"],
    ["a text as key", { jwk: JSON.stringify(publicJwk) }, "key"],
    ["a list as key", { jwk: [publicJwk] }, "key"],
    ["a private key", { jwk: { ...publicJwk, d: privateJwk.d } }, "key"],
    ["a private member that is empty", { jwk: { ...publicJwk, d: "" } }, "key"],
    ["a private member that is null", { jwk: { ...publicJwk, d: null } }, "key"],
    ["a secret", { jwk: { kty: "oct", k: base64url(randomBytes(32)) } }, "key"],
    ["a secret beside the key", { jwk: { ...publicJwk, k: base64url(randomBytes(32)) } }, "key"],
    ["a certificate within the key", { jwk: { ...publicJwk, x5c: ["MII="] } }, "key"],
    ["an unknown member of the key", { jwk: { ...publicJwk, priv: "x" } }, "key"],
    ["no y", { jwk: { ...publicJwk, y: undefined } }, "key"],
    ["a number as x", { jwk: { ...publicJwk, x: 1 } }, "key"],
    ["padding in x", { jwk: { ...publicJwk, x: `${publicJwk.x}=` } }, "key"],
    ["a short x", { jwk: { ...publicJwk, x: "AAAA" } }, "key"],
    ["a point off the curve", { jwk: { ...publicJwk, y: publicJwk.x } }, "key"],
    ["the point (0, 0)", { jwk: { ...publicJwk, x: "A".repeat(43), y: "A".repeat(43) } }, "key"],
    ["another curve", { jwk: { ...publicJwk, crv: "P-384" } }, "key"],
    ["another type", { jwk: { ...publicJwk, kty: "OKP" } }, "key"],
    ["the algorithm of another key", { alg: "EdDSA" }, "key"],
    ["the key of another type", { jwk: rsa.key.publicJwk }, "key"],
    ["the key of somebody else", { jwk: other.key.publicJwk }, "signature"],
  ])("%s", async (_name, header, reason) => {
    expect(await verdict(prover.prove({ header }))).toBe(reason);
  });

  test("an access token is no proof", async () => {
    expect(await verdict(forge(prover.key))).toBe("type");
  });

  test.each<[string, (input: string) => Uint8Array]>([
    ["the key as JSON", (input) => createHmac("sha256", JSON.stringify(publicJwk)).update(input).digest()],
    ["an empty secret", (input) => createHmac("sha256", "").update(input).digest()],
  ])("HS256 with %s", async (_name, signIt) => {
    const input = `${base64url(JSON.stringify(proofHeader(publicJwk, { alg: "HS256" })))}.${base64url(PAYLOAD)}`;
    expect(await verdict(`${input}.${base64url(signIt(input))}`)).toBe("algorithm");
  });
});

describe("an RSA key", () => {
  const proofBy = (bits: number, change: (jwk: JsonWebKey) => object = (jwk) => jwk): string => {
    const { publicKey, privateKey } = newKeyPair("rsa", { modulusLength: bits });
    const jwk = change(publicKey.export({ format: "jwk" }));
    const input = `${base64url(JSON.stringify(proofHeader(jwk as JWK, { alg: "RS256" })))}.${base64url(PAYLOAD)}`;
    return `${input}.${base64url(sign("sha256", Buffer.from(input), privateKey))}`;
  };
  const padded = (text: unknown) =>
    base64url(Buffer.concat([Buffer.alloc(1), Buffer.from(String(text), "base64url")]));

  test.each<[string, string, string]>([
    ["of 2048 bits", proofBy(2_048), "accepted"],
    ["of 2040 bits", proofBy(2_040), "key"],
    ["of 2047 bits", proofBy(2_047), "signature"],
    ["of 1024 bits", proofBy(1_024), "key"],
    ["by which anybody could sign", proofBy(2_048, (jwk) => ({ ...jwk, e: "AQ" })), "key"],
    ["the same with zeros in front", proofBy(2_048, (jwk) => ({ ...jwk, e: "AAAB" })), "key"],
    ["with a zero in front", proofBy(2_048, (jwk) => ({ ...jwk, n: padded(jwk.n) })), "key"],
    ["with a curve", proofBy(2_048, (jwk) => ({ ...jwk, crv: "P-256" })), "key"],
    ["with a prime of it", proofBy(2_048, (jwk) => ({ ...jwk, p: "AQAB" })), "key"],
  ])("%s", async (_name, proof, expected) => {
    expect(await verdict(proof)).toBe(expected);
  });
});

describe("a signature", () => {
  const [header, payload, signature] = partsOf(prover.prove());
  test.each([
    ["of other content", `${header}.${base64url(JSON.stringify(proofClaims({ htm: "POST" })))}.${signature}`],
    ["of one byte", `${header}.${payload}.AA`],
    ["of zeros", `${header}.${payload}.${base64url(Buffer.alloc(64))}`],
    ["of another key", `${header}.${payload}.${base64url(other.key.sign(`${header}.${payload}`))}`],
  ])("%s", async (_name, text) => {
    expect(await verdict(text)).toBe("signature");
  });
});

describe("what a proof says", () => {
  test.each<[string, object, string]>([
    ["no jti", { jti: undefined }, "claims"],
    ["an empty jti", { jti: "" }, "claims"],
    ["a jti of 255 characters", { jti: "x".repeat(255) }, "accepted"],
    ["a longer one", { jti: "x".repeat(256) }, "claims"],
    ["a number as jti", { jti: 1 }, "claims"],
    ["no htm", { htm: undefined }, "claims"],
    ["another method", { htm: "POST" }, "method"],
    ["the method in another case", { htm: "get" }, "method"],
    ["a list of methods", { htm: ["GET"] }, "claims"],
    ["no htu", { htu: undefined }, "claims"],
    ["a list of addresses", { htu: [PROVEN.url] }, "claims"],
    ["no iat", { iat: undefined }, "claims"],
    ["a text as iat", { iat: String(NOW_SECONDS) }, "claims"],
    ["part of a second", { iat: NOW_SECONDS + 0.5 }, "claims"],
    ["an hour ago", { iat: NOW_SECONDS - 3_600 }, "time"],
    ["in an hour", { iat: NOW_SECONDS + 3_600 }, "time"],
    ["as long ago as may be", { iat: NOW_SECONDS - 70 }, "accepted"],
    ["a second longer ago", { iat: NOW_SECONDS - 71 }, "time"],
    ["as far ahead as may be", { iat: NOW_SECONDS + 70 }, "accepted"],
    ["a second further ahead", { iat: NOW_SECONDS + 71 }, "time"],
    ["that it is not over", { exp: NOW_SECONDS - 9 }, "accepted"],
    ["that it is over", { exp: NOW_SECONDS - 10 }, "time"],
    ["that it has begun", { nbf: NOW_SECONDS + 10 }, "accepted"],
    ["that it has not begun", { nbf: NOW_SECONDS + 11 }, "time"],
    ["a text as exp", { exp: "never" }, "claims"],
    ["null as exp", { exp: null }, "claims"],
    ["a number as nonce", { nonce: 1 }, "claims"],
    ["a number as ath", { ath: 1 }, "claims"],
    ["the hash of a token where none is", { ath: hashOf("token") }, "accepted"],
  ])("%s", async (_name, payload, expected) => {
    expect(await verdict(prover.prove({ payload }))).toBe(expected);
  });

  test.each<[string, unknown, string]>([
    ["the hash of the token", hashOf("token"), "accepted"],
    ["no hash", undefined, "access_token"],
    ["the hash of another", hashOf("other"), "access_token"],
    ["the token itself", "token", "access_token"],
    ["a padded hash", `${hashOf("token")}=`, "access_token"],
    ["no text", "", "access_token"],
  ])("%s, where a token comes with it", async (_name, ath, expected) => {
    expect(await verdict(prover.prove({ payload: { ath } }), { accessToken: "token" })).toBe(expected);
  });
});
