import { createHmac, type KeyObject, sign } from "node:crypto";
import fc from "fast-check";
import { CompactSign, SignJWT } from "jose";
import { describe, expect, it, test } from "vitest";
import { newKeyPair } from "@/lib/crypto/testing/key-pair";
import { peekClientId, verifyClientAssertion } from "./client-assertion";
import { type ClientKey, parseClientJwks } from "./client-jwks";

const CLIENT = "client_AAAAAAAAAAAAAAAAAAAAAA";
const ISSUER = "https://id.example";
const TOKEN_ENDPOINT = `${ISSUER}/oauth/token`;
const NOW = new Date("2027-01-01T12:00:00Z");
const NOW_SECONDS = NOW.getTime() / 1000;
const TOLERANCE_SECONDS = 10;

const PAIRS = {
  ES256: newKeyPair("ec", { namedCurve: "P-256" }),
  RS256: newKeyPair("rsa", { modulusLength: 2_048 }),
  PS256: newKeyPair("rsa", { modulusLength: 2_048 }),
  EdDSA: newKeyPair("ed25519"),
};
type Alg = keyof typeof PAIRS;
const ALGS = Object.keys(PAIRS) as Alg[];
const STRANGER = newKeyPair("ec", { namedCurve: "P-256" });

const jwkOf = (alg: Alg, said: object = { kid: alg }): object => ({
  ...PAIRS[alg].publicKey.export({ format: "jwk" }),
  alg,
  ...said,
});
const registered = (...jwks: object[]): ClientKey[] => parseClientJwks({ keys: jwks }).keys;
const KEYS = registered(...ALGS.map((alg) => jwkOf(alg)));

const claims = (changed: object = {}): Record<string, unknown> => ({
  iss: CLIENT,
  sub: CLIENT,
  aud: ISSUER,
  jti: "one",
  exp: NOW_SECONDS + 60,
  ...changed,
});
interface Made {
  header?: object;
  payload?: unknown;
  key?: KeyObject;
}
/** An assertion as its client makes it, unless it is told otherwise. */
const made = ({
  header = {},
  payload = claims(),
  key = PAIRS.ES256.privateKey,
}: Made = {}): Promise<string> =>
  new CompactSign(Buffer.from(typeof payload === "string" ? payload : JSON.stringify(payload)))
    .setProtectedHeader({ alg: "ES256", kid: "ES256", ...header })
    .sign(key);

const verify = (assertion: string, changed: object = {}) =>
  verifyClientAssertion(assertion, {
    clientId: CLIENT,
    audiences: [ISSUER, TOKEN_ENDPOINT],
    keys: KEYS,
    now: NOW,
    clockToleranceSeconds: TOLERANCE_SECONDS,
    ...changed,
  });
const reasonOf = async (assertion: string, changed: object = {}) => {
  const verification = await verify(assertion, changed);
  return verification.ok ? null : verification.reason;
};

describe("an assertion of the client", () => {
  it("is accepted, with what is needed to accept it once", async () => {
    expect(await verify(await made())).toEqual({
      ok: true,
      jti: "one",
      expiresAt: new Date((NOW_SECONDS + 60 + TOLERANCE_SECONDS) * 1000),
    });
  });

  test.each(ALGS)("may be signed by %s", async (alg) => {
    const text = await made({ header: { alg, kid: alg }, key: PAIRS[alg].privateKey });
    expect(await reasonOf(text)).toBeNull();
    expect(await reasonOf(text, { keys: registered(jwkOf(alg, {})) })).toBeNull();
  });

  it("may be as a library of the field makes it", async () => {
    const text = await new SignJWT({})
      .setProtectedHeader({ alg: "EdDSA", typ: "JWT" })
      .setIssuer(CLIENT)
      .setSubject(CLIENT)
      .setAudience(TOKEN_ENDPOINT)
      .setJti("one")
      .setIssuedAt(NOW)
      .setNotBefore(NOW)
      .setExpirationTime(NOW_SECONDS + 300)
      .sign(PAIRS.EdDSA.privateKey);
    expect(await reasonOf(text)).toBeNull();
  });

  test.each([
    ["without a name of its key", { header: { kid: undefined } }],
    ["of the type JWT", { header: { typ: "JWT" } }],
    ["of the type of its own", { header: { typ: "client-authentication+jwt" } }],
    ["of a type in full", { header: { typ: "application/Client-Authentication+JWT" } }],
    ["for the token endpoint", { payload: claims({ aud: TOKEN_ENDPOINT }) }],
    ["for both, as a list", { payload: claims({ aud: [ISSUER, TOKEN_ENDPOINT] }) }],
    ["with more claims", { payload: claims({ client_id: "b", scope: "a", cnf: {} }) }],
    ["of an hour", { payload: claims({ exp: NOW_SECONDS + 3_600 }) }],
    [
      "by a clock that is ahead",
      { payload: claims({ iat: NOW_SECONDS + 10, nbf: NOW_SECONDS + 10, exp: NOW_SECONDS + 3_610 }) },
    ],
    ["by a clock that is behind", { payload: claims({ exp: NOW_SECONDS - 9 }) }],
    ["with fractions of a second", { payload: claims({ iat: NOW_SECONDS - 0.5, exp: NOW_SECONDS + 59.5 }) }],
    ["with white space in its JSON", { payload: JSON.stringify(claims(), null, 2) }],
    ["with escaped slashes in its JSON", { payload: JSON.stringify(claims()).replaceAll("/", "\\/") }],
  ])("is accepted %s", async (_how, what) => {
    expect(await reasonOf(await made(what))).toBeNull();
  });

  it("is tried with every key that it may mean", async () => {
    const others = [STRANGER, newKeyPair("ec", { namedCurve: "P-256" })].map(({ publicKey }) =>
      publicKey.export({ format: "jwk" }),
    );
    const unnamed = registered(...others, jwkOf("RS256", {}), jwkOf("ES256", {}));
    expect(await reasonOf(await made(), { keys: unnamed })).toBeNull();
    expect(await reasonOf(await made({ header: { kid: undefined } }), { keys: unnamed })).toBeNull();
  });
});

const base64url = (value: unknown) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
/** With a header of any kind, signed by the client's own key all the same. */
const signedAs = (header: object) => {
  const input = `${base64url(header)}.${base64url(claims())}`;
  const signature = sign("sha256", Buffer.from(input), {
    key: PAIRS.ES256.privateKey,
    dsaEncoding: "ieee-p1363",
  });
  return `${input}.${signature.toString("base64url")}`;
};

describe("what is not an assertion of the client", () => {
  const HEADER = { alg: "ES256", kid: "ES256" };

  test.each([
    ["", "malformed"],
    ["a", "malformed"],
    ["a.b.c", "malformed"],
    ["e30.e30.", "malformed"],
    ["e30.e30.AA.AA.AA", "malformed"],
  ])("is the text %j", async (text, reason) => {
    expect(await reasonOf(text)).toBe(reason);
  });

  it("is one with something added to its text, or with a member twice", async () => {
    const text = await made();
    for (const altered of [`${text}=`, ` ${text}`, `${text}\n`, `${text}.`, text.slice(0, -1)]) {
      expect(await reasonOf(altered)).not.toBeNull();
    }
    const twice = JSON.stringify(claims()).replace("{", '{"sub":"client_B",');
    expect(await reasonOf(await made({ payload: twice }))).toBe("malformed");
    expect(await reasonOf(await made({ payload: JSON.stringify([claims()]) }))).toBe("malformed");
  });

  test.each([
    ["a key", { ...HEADER, jwk: STRANGER.publicKey.export({ format: "jwk" }) }, "header"],
    ["the address of keys", { ...HEADER, jku: "https://evil.example" }, "header"],
    ["a certificate", { ...HEADER, x5c: ["a"] }, "header"],
    ["the address of a certificate", { ...HEADER, x5u: "https://evil.example" }, "header"],
    ["extensions that must be understood", { ...HEADER, crit: ["a"], a: 1 }, "header"],
    ["another encoding of its content", { ...HEADER, b64: false, crit: ["b64"] }, "header"],
    ["compression", { ...HEADER, zip: "DEF" }, "header"],
    ["no algorithm", { kid: "ES256" }, "algorithm"],
    ["the algorithm none", { ...HEADER, alg: "none" }, "algorithm"],
    ["an algorithm that two parties share", { ...HEADER, alg: "HS256" }, "algorithm"],
    ["the algorithm in another case", { ...HEADER, alg: "es256" }, "algorithm"],
    ["an algorithm that is not offered", { ...HEADER, alg: "ES384" }, "algorithm"],
    ["a list of algorithms", { ...HEADER, alg: ["ES256"] }, "algorithm"],
    ["the type of an access token", { ...HEADER, typ: "at+jwt" }, "type"],
    ["the type of a proof", { ...HEADER, typ: "dpop+jwt" }, "type"],
    ["the type of a logout token", { ...HEADER, typ: "logout+jwt" }, "type"],
    ["a type that is no text", { ...HEADER, typ: null }, "type"],
    ["a name of its key that is no text", { ...HEADER, kid: 1 }, "header"],
    ["the name of no key", { ...HEADER, kid: "other" }, "unknown_key"],
    ["the name of a key of another algorithm", { ...HEADER, kid: "RS256" }, "algorithm"],
  ])("is one whose header has %s", async (_what, header, reason) => {
    expect(await reasonOf(signedAs(header))).toBe(reason);
  });

  it("is one whose key verifies another algorithm, though it could verify this one", async () => {
    const asPs256 = await made({ header: { alg: "PS256", kid: undefined }, key: PAIRS.RS256.privateKey });
    const ofRs256 = registered(jwkOf("RS256", {}));
    expect(await reasonOf(asPs256, { keys: ofRs256 })).toBe("algorithm");
    expect(await reasonOf(asPs256)).toBe("signature");
  });

  it("is one that is signed with the public key as a secret", async () => {
    const { publicKey } = PAIRS.RS256;
    const input = `${base64url({ alg: "HS256", kid: "RS256" })}.${base64url(claims())}`;
    const pem = publicKey.export({ format: "pem", type: "spki" });
    const text = `${input}.${createHmac("sha256", pem).update(input).digest("base64url")}`;
    expect(await reasonOf(text)).toBe("algorithm");
  });

  it("is one of a stranger, or of a client without keys", async () => {
    expect(await reasonOf(await made({ key: STRANGER.privateKey }))).toBe("signature");
    expect(await reasonOf(await made(), { keys: [] })).toBe("unknown_key");
  });

  it("is one with any one bit of its signature changed", async () => {
    const [header, payload, signature = ""] = (await made()).split(".");
    await fc.assert(
      fc.asyncProperty(fc.nat(64 * 8 - 1), async (bit) => {
        const raw = Buffer.from(signature, "base64url");
        raw.writeUInt8(raw.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        expect(await reasonOf(`${header}.${payload}.${raw.toString("base64url")}`)).toBe("signature");
      }),
      { numRuns: 50 },
    );
  });

  test.each([
    ["without an issuer", { iss: undefined }, "claims"],
    ["without a subject", { sub: undefined }, "claims"],
    ["without an audience", { aud: undefined }, "claims"],
    ["without an id", { jti: undefined }, "claims"],
    ["without an end", { exp: undefined }, "claims"],
    ["with an empty id", { jti: "" }, "claims"],
    ["with a long id", { jti: "a".repeat(256) }, "claims"],
    ["with a number as its id", { jti: 1 }, "claims"],
    ["with a text as its end", { exp: String(NOW_SECONDS + 60) }, "claims"],
    ["with an end that is null", { exp: null }, "claims"],
    ["with a text as its start", { nbf: "0" }, "claims"],
    ["with a list that names another server", { aud: [ISSUER, "https://other.example"] }, "audience"],
    ["with an empty list", { aud: [] }, "claims"],
    ["with a list in a list", { aud: [[ISSUER]] }, "claims"],
    ["of another client", { iss: "client_B", sub: "client_B" }, "issuer"],
    ["from another client", { iss: "client_B" }, "issuer"],
    ["about a person", { sub: "7d9f2b0e-0000-4000-8000-000000000000" }, "issuer"],
    ["for another server", { aud: "https://other.example" }, "audience"],
    ["for this server with a slash", { aud: `${ISSUER}/` }, "audience"],
    ["for another endpoint", { aud: `${ISSUER}/oauth/authorize` }, "audience"],
    ["that has ended", { exp: NOW_SECONDS - 10 }, "expired"],
    ["that ended long ago", { exp: 0 }, "expired"],
    ["of more than an hour", { exp: NOW_SECONDS + 3_611 }, "lifetime"],
    ["without end", { exp: Number.MAX_SAFE_INTEGER }, "lifetime"],
    ["with an end in milliseconds", { exp: (NOW_SECONDS + 60) * 1000 }, "lifetime"],
    ["of the future", { iat: NOW_SECONDS + 11 }, "not_yet_valid"],
    ["that begins later", { nbf: NOW_SECONDS + 11, iat: NOW_SECONDS }, "not_yet_valid"],
  ])("is one %s", async (_what, changed, reason) => {
    expect(await reasonOf(await made({ payload: claims(changed) }))).toBe(reason);
  });

  it("is refused by its signature before its claims are looked at", async () => {
    const text = await made({ payload: claims({ exp: 0, iss: "client_B" }), key: STRANGER.privateKey });
    expect(await reasonOf(text)).toBe("signature");
  });
});

test.each([60, 59.5, 60.001])(
  "is accepted until the instant that it was said to be, %s s on",
  async (seconds) => {
    const text = await made({ payload: claims({ exp: NOW_SECONDS + seconds }) });
    const verification = await verify(text);
    if (!verification.ok) throw new Error(verification.reason);
    const end = verification.expiresAt.getTime();
    expect(await reasonOf(text, { now: new Date(end - 1) })).toBeNull();
    expect(await reasonOf(text, { now: new Date(end) })).toBe("expired");
  },
);

describe("the client that an assertion speaks of", () => {
  it("is known before its keys are, whoever signed it", async () => {
    expect(peekClientId(await made({ key: STRANGER.privateKey }))).toBe(CLIENT);
  });

  test.each([
    ["two of them", { iss: "client_B" }],
    ["none", { iss: undefined, sub: undefined }],
    ["one that is no text", { iss: 1, sub: 1 }],
    ["one without letters", { iss: "", sub: "" }],
    ["one that is far too long", { iss: "a".repeat(256), sub: "a".repeat(256) }],
  ])("is not %s", async (_what, changed) => {
    expect(peekClientId(await made({ payload: claims(changed) }))).toBeNull();
  });

  test.each(["", "a.b.c", "e30.e30.e30.e30"])("is nobody for %j", (text) => {
    expect(peekClientId(text)).toBeNull();
  });
});
