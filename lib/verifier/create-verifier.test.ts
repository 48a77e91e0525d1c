import { createHmac, createSecretKey, sign } from "node:crypto";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from "jose";
import { beforeEach, describe, expect, it, test } from "vitest";
import { newKeyPair } from "@/lib/crypto/testing/key-pair";
import type { Algorithm } from "@/lib/keys/algorithms";
import { encryptToken } from "@/lib/tokens/encrypt";
import { PROFILES } from "@/lib/tokens/profiles";
import { createTestRecipient, sealJwe } from "@/lib/tokens/testing/forged-jwe";
import { createTestKey, ISSUER, NOW_SECONDS, type TestKey } from "@/lib/tokens/testing/test-issuer";
import { AUDIENCE, createTestIssuer, createTestService, serviceToken } from "./testing/test-service";

const key = await createTestKey("own");
const other = await createTestKey("other");
const token = serviceToken(key);

const ACCEPTED = {
  ok: true,
  claims: expect.objectContaining({ iss: ISSUER, aud: AUDIENCE, scope: "read write" }),
};
const INVALID = { ok: false, error: "invalid_token" };
const UNAVAILABLE = { ok: false, error: "unavailable" };

let issuer = createTestIssuer([key]);

beforeEach(() => {
  issuer = createTestIssuer([key]);
});

describe("mesh", () => {
  test.each<Algorithm>(["ES256", "RS256", "EdDSA"])(
    "%s, and no key of another algorithm",
    async (algorithm) => {
      const own = await createTestKey("algorithm", algorithm);
      const { verifier } = createTestService(createTestIssuer([own, key]), { algorithm });
      expect(await verifier.verify(serviceToken(own))).toEqual(ACCEPTED);
      expect(await verifier.verify(token)).toEqual(algorithm === "ES256" ? ACCEPTED : INVALID);
    },
  );

  it("takes no RSA key under 2048 bits", async () => {
    const { publicKey, privateKey } = newKeyPair("rsa", { modulusLength: 1024 });
    const rsa = await createTestKey("weak", "RS256");
    const weak: TestKey = {
      ...rsa,
      publicJwk: publicKey.export({ format: "jwk" }) as TestKey["publicJwk"],
      sign: (input) => sign("sha256", Buffer.from(input), privateKey),
    };
    for (const own of [rsa, weak]) {
      const { verifier, rejections } = createTestService(createTestIssuer([own]), { algorithm: "RS256" });
      expect(await verifier.verify(serviceToken(own))).toEqual(own === rsa ? ACCEPTED : INVALID);
      expect(rejections).toEqual(own === rsa ? [] : ["signature"]);
    }
  });

  it("takes a token that a client got for itself, and lets nobody step up with it", async () => {
    const own = serviceToken(key, { payload: { sub: "client_x", auth_time: undefined, amr: undefined } });
    const { verifier } = createTestService(issuer);
    const verification = await verifier.verify(own);
    expect(verification).toMatchObject({ ok: true, claims: { sub: "client_x" } });
    expect(verification).not.toHaveProperty("claims.auth_time");
    expect(await verifier.authenticate(`Bearer ${own}`, { scope: "read" })).toEqual(ACCEPTED);
    const challenge = 'Bearer error="insufficient_user_authentication", max_age="300"';
    expect(await verifier.authenticate(`Bearer ${own}`, { maxAgeSeconds: 300 })).toMatchObject({
      status: 401,
      headers: { "WWW-Authenticate": challenge },
    });
  });

  it("hands on what it knows of a token and nothing else, for nobody to change", async () => {
    const { verifier } = createTestService(issuer);
    const extended = serviceToken(key, { payload: { email: "ada@example.com", aud: [AUDIENCE, "stock"] } });
    for (const _ of ["fresh", "cached"]) {
      const verification = await verifier.verify(extended);
      if (!verification.ok) throw new Error(verification.error);
      const { claims } = verification;
      expect(claims).toMatchObject({ sub: expect.any(String), role: "user", aud: [AUDIENCE, "stock"] });
      expect(claims).not.toHaveProperty("email");
      expect(() => Object.assign(claims, { role: "admin" })).toThrow(TypeError);
      expect(() => (claims.aud as string[]).push("x")).toThrow(TypeError);
      expect(() => (claims.amr as string[]).push("x")).toThrow(TypeError);
    }
  });

  test.each<[string, string, string]>([
    ["for another audience", serviceToken(key, { payload: { aud: "stock" } }), "audience"],
    [
      "for our own pages",
      serviceToken(key, { payload: { aud: ISSUER, gen: 3, scope: undefined } }),
      "claims",
    ],
    ["bound to a key", serviceToken(key, { payload: { cnf: { jkt: "x".repeat(43) } } }), "binding"],
    ["bound to what is no key", serviceToken(key, { payload: { cnf: { jkt: "x" } } }), "claims"],
    ["of another issuer", serviceToken(key, { payload: { iss: `${ISSUER}/` } }), "issuer"],
    ["that has expired", serviceToken(key, { payload: { exp: NOW_SECONDS - 10 } }), "expired"],
    ["with a key that is not published", serviceToken(other), "unknown_key"],
    ["with the signature of another key", serviceToken({ ...other, kid: "own" }), "signature"],
    ["that is no token", "a.b", "malformed"],
    ["that is nothing", "", "malformed"],
  ])("refuses one %s", async (_name, text, reason) => {
    const { verifier, rejections } = createTestService(issuer);
    expect(await verifier.verify(text)).toEqual(INVALID);
    expect(rejections).toEqual([reason]);
  });

  it("knows a token that it remembers by all of its text, not by its signature alone", async () => {
    const { verifier, rejections } = createTestService(issuer);
    expect(await verifier.verify(token)).toEqual(ACCEPTED);
    const [header, , signature] = token.split(".");
    const [, payload] = serviceToken(key, { payload: { role: "admin" } }).split(".");
    expect(await verifier.verify([header, payload, signature].join("."))).toEqual(INVALID);
    expect(rejections).toEqual(["signature"]);
    expect(await verifier.verify(token)).toEqual(ACCEPTED);
  });

  test.each([undefined, null, 1, {}, [token]])("refuses %j, which is no text", async (value) => {
    const { verifier } = createTestService(issuer);
    expect(await verifier.verify(value as string)).toEqual(INVALID);
  });
});

describe("high-security", async () => {
  const pair = await generateKeyPair("ECDH-ES+A256KW", { crv: "P-256", extractable: true });
  const privateJwk = await exportJWK(pair.privateKey);
  const { d: _d, ...publicJwk } = privateJwk;
  const kid = await calculateJwkThumbprint(publicJwk as JWK);
  const { encryption } = PROFILES["high-security"];
  const short = serviceToken(key, { payload: { iat: NOW_SECONDS } });
  const encrypted = await encryptToken(short, { kid, jwk: publicJwk as JWK }, encryption);

  it("opens tokens with this service's key, named by its thumbprint or as it says", async () => {
    const options = {
      profile: "high-security",
      decryptionKeys: [{ ...privateJwk, use: "enc", alg: "ECDH-ES+A256KW" }],
    };
    const { verifier } = createTestService(issuer, options);
    await verifier.ready();
    expect(await verifier.verify(encrypted)).toEqual(ACCEPTED);
    expect(await verifier.verify(short)).toEqual(INVALID);
    const named = createTestService(issuer, { ...options, decryptionKeys: [{ ...privateJwk, kid: "mine" }] });
    const sealFor = (name: string) => encryptToken(short, { kid: name, jwk: publicJwk as JWK }, encryption);
    expect(await named.verifier.verify(await sealFor("mine"))).toEqual(ACCEPTED);
    expect(await named.verifier.verify(encrypted), "the public half was given without its kid").toEqual(
      ACCEPTED,
    );
    expect(await named.verifier.verify(await sealFor("yours"))).toEqual(INVALID);
    expect(await verifier.verify(await sealFor("mine"))).toEqual(INVALID);
  });

  it("opens none that names no key", async () => {
    const recipient = createTestRecipient("mine");
    const { verifier } = createTestService(issuer, {
      profile: "high-security",
      decryptionKeys: [{ ...recipient.privateJwk, kid: undefined }],
    });
    expect(await verifier.verify(sealJwe(short, recipient, { kid: undefined }))).toEqual(INVALID);
  });

  it("is not ready with a key that is none", async () => {
    const broken = { ...privateJwk, x: privateJwk.y };
    const { verifier } = createTestService(issuer, { profile: "high-security", decryptionKeys: [broken] });
    await expect(verifier.ready()).rejects.toThrow("One of decryptionKeys is no key.");
  });
});

describe("legacy", async () => {
  const secrets = ["a".repeat(43), "b".repeat(43)];
  const keyOf = async (secret: string): Promise<TestKey> => {
    const hmac = await createTestKey("", "HS256");
    const kid = await calculateJwkThumbprint({ kty: "oct", k: Buffer.from(secret).toString("base64url") });
    const bytes = createSecretKey(secret, "utf8");
    return { ...hmac, kid, sign: (input) => createHmac("sha256", bytes).update(input).digest() };
  };
  const [first = key, second = key] = await Promise.all(secrets.map(keyOf));
  const third = await keyOf("c".repeat(43));

  it("takes the text of the secret for the key, and two of them, and asks nobody", async () => {
    const { verifier } = createTestService(issuer, { profile: "legacy", secrets });
    expect(await verifier.verify(serviceToken(first))).toEqual(ACCEPTED);
    expect(await verifier.verify(serviceToken(second))).toEqual(ACCEPTED);
    expect(await verifier.verify(serviceToken(third))).toEqual(INVALID);
    expect(await verifier.verify(serviceToken({ ...third, kid: first.kid }))).toEqual(INVALID);
    expect(await verifier.verify(token)).toEqual(INVALID);
    expect(issuer.asked).toEqual([]);
  });

  it("takes no claim that it does not know", async () => {
    const { verifier } = createTestService(issuer, { profile: "legacy", secrets });
    expect(await verifier.verify(serviceToken(first, { payload: { email: "ada@example.com" } }))).toEqual(
      INVALID,
    );
  });
});

describe("what cannot be known", () => {
  it("refuses everything while there are no keys, and says so once", async () => {
    issuer.isDown = true;
    const { verifier, clock, rejections, problems } = createTestService(issuer, { revocation: "none" });
    await expect(verifier.ready()).rejects.toThrow("connection refused");
    expect(await verifier.verify(token)).toEqual(UNAVAILABLE);
    expect(await verifier.verify("no token")).toEqual(UNAVAILABLE);
    expect(rejections).toEqual(["keys_unavailable", "keys_unavailable"]);
    expect(problems).toEqual([`${ISSUER}/.well-known/jwks.json cannot be read: connection refused.`]);
    issuer.isDown = false;
    clock.advanceSeconds(1);
    await verifier.ready();
    expect(await verifier.verify(token)).toEqual(ACCEPTED);
  });

  it("refuses a token that it remembers once its keys are too old", async () => {
    const { verifier, clock } = createTestService(issuer, {
      revocation: "none",
      jwks: { maxStaleSeconds: 60, ttlSeconds: 30, cooldownSeconds: 5 },
    });
    expect(await verifier.verify(token)).toEqual(ACCEPTED);
    issuer.isDown = true;
    clock.advanceSeconds(59);
    expect(await verifier.verify(token)).toEqual(ACCEPTED);
    clock.advanceSeconds(1);
    expect(await verifier.verify(token)).toEqual(UNAVAILABLE);
  });

  it("refuses a token that it remembers once the issuer has dropped its key", async () => {
    const { verifier, clock } = createTestService(issuer, { revocation: "none" });
    const late = serviceToken(key, { payload: { exp: NOW_SECONDS + 500, iat: NOW_SECONDS } });
    expect(await verifier.verify(late)).toEqual(ACCEPTED);
    issuer.keys = [other];
    clock.advanceSeconds(300);
    expect(await verifier.verify(late)).toEqual(INVALID);
  });

  it("refuses everything while revocations are not known", async () => {
    const { verifier, rejections } = createTestService(issuer);
    issuer.isRedisFilled = false;
    expect(await verifier.verify(token)).toEqual(UNAVAILABLE);
    issuer.isRedisFilled = true;
    expect(await verifier.verify(token)).toEqual(ACCEPTED);
    issuer.isDown = true;
    expect(await verifier.verify(token)).toEqual(UNAVAILABLE);
    expect(rejections).toEqual(["revocations_unavailable", "revocations_unavailable"]);
  });

  it("is asked for again whatever a listener does with the news", async () => {
    issuer.isDown = true;
    const { verifier, clock } = createTestService(issuer, {
      revocation: "none",
      onProblem: () => {
        throw new Error("of the listener");
      },
    });
    expect(await verifier.verify(token)).toEqual(UNAVAILABLE);
    issuer.isDown = false;
    clock.advanceSeconds(1);
    expect(await verifier.verify(token)).toEqual(ACCEPTED);
  });

  // One that rejects would end the process, as a rejection that nobody handles, and with it this test.
  test.each([
    [
      "throws",
      () => {
        throw new Error("of the listener");
      },
    ],
    ["rejects", () => Promise.reject(new Error("of the listener"))],
  ])("is not told apart from anything else by a listener that %s", async (_what, onRejected) => {
    const { verifier } = createTestService(issuer, { onRejected });
    expect(await verifier.verify("no token")).toEqual(INVALID);
  });
});

describe("a revoked token", () => {
  test.each([
    ["jti", "Zm9yZ2VkLXRva2VuLWlkIQ"],
    ["sid", "c2Vzc2lvbi1pZC0xMjM0NQ"],
    ["kid", "own"],
  ])("is refused by its %s, fresh or remembered", async (kind, value) => {
    const { verifier, rejections } = createTestService(issuer);
    issuer.denials.add(`latchkey:denied:${kind}:${value}`);
    expect(await verifier.verify(token)).toEqual(INVALID);
    expect(await verifier.verify(token)).toEqual(INVALID);
    issuer.denials.clear();
    expect(await verifier.verify(token)).toEqual(ACCEPTED);
    issuer.denials.add(`latchkey:denied:${kind}:${value}`);
    expect(await verifier.verify(token)).toEqual(INVALID);
    expect(rejections).toEqual(["denied", "denied", "denied"]);
  });

  it("is accepted until it expires where nobody is asked", async () => {
    const { verifier } = createTestService(issuer, { revocation: "none" });
    issuer.denials.add("latchkey:denied:kid:own");
    expect(await verifier.verify(token)).toEqual(ACCEPTED);
  });
});

describe("an Authorization header", () => {
  const challengeOf = (result: unknown) =>
    (result as { headers: Record<string, string> }).headers["WWW-Authenticate"];

  test.each([`Bearer ${token}`, `bearer ${token}`, `BEARER  ${token}`])("with a token", async (header) => {
    const { verifier } = createTestService(issuer);
    expect(await verifier.authenticate(header)).toEqual(ACCEPTED);
    expect(await verifier.authenticate(header, { scope: "read", maxAgeSeconds: 4_000 })).toEqual(ACCEPTED);
  });

  test.each([undefined, null, "", "Basic YTpi", token])("without one: %j", async (header) => {
    const { verifier, rejections } = createTestService(issuer);
    const result = await verifier.authenticate(header);
    expect(result).toMatchObject({ ok: false, status: 401, problem: { code: "not_authenticated" } });
    expect(challengeOf(result)).toBe("Bearer");
    expect(rejections).toEqual([]);
  });

  test.each([
    "Bearer",
    "Bearer x",
    `Bearer ${token} x`,
    `Bearer ${token}, Bearer ${token}`,
    `Bearer ${token},${token}`,
  ])("with something else: %#", async (header) => {
    const { verifier, rejections } = createTestService(issuer);
    const result = await verifier.authenticate(header);
    expect(result).toMatchObject({ ok: false, status: 401, problem: { code: "invalid_token" } });
    expect(challengeOf(result)).toBe('Bearer error="invalid_token"');
    expect(rejections).toEqual(["malformed"]);
  });

  it("with a token that does not meet the requirements", async () => {
    const { verifier } = createTestService(issuer);
    const scope = await verifier.authenticate(`Bearer ${token}`, { scope: ["read", "admin"] });
    expect(scope).toMatchObject({ status: 403 });
    expect(challengeOf(scope)).toBe('Bearer error="insufficient_scope", scope="read admin"');
    const age = await verifier.authenticate(`Bearer ${token}`, { maxAgeSeconds: 3_989 });
    expect(age).toMatchObject({ status: 401 });
    expect(challengeOf(age)).toBe('Bearer error="insufficient_user_authentication", max_age="3989"');
    expect(await verifier.authenticate(`Bearer ${token}`, { maxAgeSeconds: 3_990 })).toEqual(ACCEPTED);
  });

  it("that cannot be judged", async () => {
    const { verifier } = createTestService(issuer);
    issuer.isDown = true;
    const result = await verifier.authenticate(`Bearer ${token}`);
    expect(result).toMatchObject({ status: 503, headers: { "Retry-After": "2" } });
    expect(challengeOf(result)).toBeUndefined();
  });

  it("rejects for requirements that are wrong themselves, whatever was sent", async () => {
    const { verifier } = createTestService(issuer);
    await expect(verifier.authenticate(undefined, { scopes: "read" } as never)).rejects.toThrow(TypeError);
  });
});

it("keeps nothing going once it is closed", async () => {
  const { verifier } = createTestService(issuer, { revocation: { feed: { token: "feed" } } });
  verifier.close();
  await expect(verifier.ready()).rejects.toThrow("closed");
});
