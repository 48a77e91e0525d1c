import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { encryptedAttacks } from "@/lib/tokens/testing/encrypted-attacks";
import {
  createTestAudiences,
  describeParts,
  exchange,
  honestParts,
  isMeantFor,
  PARTS,
  SIGNED,
  type TestAudience,
  type TestAudiences,
  tokenFor,
  writeToken,
} from "@/lib/tokens/testing/test-audiences";
import {
  base64url,
  createTestKey,
  derOf,
  forge,
  header,
  partsOf,
  signTexts,
  type TestKey,
} from "@/lib/tokens/testing/test-issuer";
import { createVerifier, type Verifier } from "./create-verifier";
import type { Rejection } from "./options";
import { authenticateRequest } from "./request";
import { createTestIssuer, createTestService, serviceToken, type TestIssuer } from "./testing/test-service";

const JWKS_PATH = "/.well-known/jwks.json";

/** R401 of SECURITY.md, and for each reason the same. */
const REFUSAL = {
  ok: false,
  status: 401,
  headers: {
    "Content-Type": "application/problem+json",
    "Cache-Control": "no-store",
    "WWW-Authenticate": 'Bearer error="invalid_token"',
  },
  problem: {
    type: "about:blank",
    title: "invalid token",
    status: 401,
    code: "invalid_token",
  },
};

async function judge(verifier: Verifier, text: string): Promise<boolean> {
  const verification = await verifier.verify(text);
  // In a header it would be one of the spaces behind the scheme.
  if (text.startsWith(" ")) return verification.ok;
  const answer = await verifier.authenticate(`Bearer ${text}`);
  expect(answer.ok).toBe(verification.ok);
  if (verification.ok) return true;
  expect(verification).toEqual({ ok: false, error: "invalid_token" });
  expect(answer).toEqual(REFUSAL);
  return false;
}

interface Service {
  audience: TestAudience;
  issuer: TestIssuer;
  verifier: Verifier;
  rejections: Rejection[];
}

function openService(audience: TestAudience, { published }: TestAudiences): Service {
  const issuer = createTestIssuer(published);
  const { profile, algorithm, identifier, secret, recipient } = audience;
  const own = {
    mesh: { algorithm },
    "high-security": { decryptionKeys: [recipient?.privateJwk] },
    legacy: { secrets: [secret] },
    own: {},
  }[profile];
  const { verifier, rejections } = createTestService(issuer, { profile, audience: identifier, ...own });
  return { audience, issuer, verifier, rejections };
}

const servicesOf = (world: TestAudiences): Service[] =>
  world.audiences.filter(({ profile }) => profile !== "own").map((audience) => openService(audience, world));

const world = await createTestAudiences({ doKeysCoincide: false });
const services = servicesOf(world);

describe.each([
  ["each key has one use", world],
  [
    "secrets, the text of the public key and their names coincide",
    await createTestAudiences({ doKeysCoincide: true }),
  ],
])("the tokens of every profile at every verifier, where %s", (_name, every) => {
  const verifiers = servicesOf(every);

  test.each(every.audiences)("honest ones of $name", async (from) => {
    for (const { audience, verifier } of verifiers) {
      expect(await judge(verifier, tokenFor(from)), audience.name).toBe(audience === from);
    }
  });

  it("mixed with any one part of another", async () => {
    const mixtures = every.audiences
      .map(honestParts)
      .flatMap((honest) => PARTS.flatMap((name) => exchange(honest, name, every.values)));
    for (const parts of mixtures) {
      const text = writeToken(parts);
      for (const { audience, verifier } of verifiers) {
        const row = `${describeParts(parts)} at ${audience.name}`;
        expect(await judge(verifier, text), row).toBe(isMeantFor(audience, parts));
      }
    }
  }, 60_000);

  it("asks for nothing but the published keys", () => {
    const asked = verifiers.flatMap(({ audience, issuer }) =>
      issuer.asked.map((path) => [audience.profile, path]),
    );
    expect(asked.filter(([profile]) => profile === "legacy")).toEqual([]);
    expect(new Set(asked.map(([, path]) => path))).toEqual(new Set([JWKS_PATH]));
  });
});

describe("what is wrong with an encrypted token", async () => {
  const service = services.find(({ audience }) => audience.recipient !== null);
  if (service?.audience.recipient == null) throw new Error("There is no such service.");
  const { audience, verifier } = service;
  const signed = writeToken({ ...honestParts(audience), wrapping: SIGNED });
  const { beforeAnyKey, whenOpened } = await encryptedAttacks(
    signed,
    audience.key,
    service.audience.recipient,
  );

  it("is told neither to a caller nor by another answer", async () => {
    expect(await judge(verifier, tokenFor(audience))).toBe(true);
    for (const { name, text } of [...beforeAnyKey, ...whenOpened]) {
      expect(await judge(verifier, text), name).toBe(false);
    }
  });

  it("is no matter to a service that takes signed tokens", async () => {
    for (const { audience: other, verifier: elsewhere } of services) {
      if (other.recipient !== null) continue;
      for (const { name, text } of beforeAnyKey) expect(await judge(elsewhere, text), name).toBe(false);
    }
  });
});

describe.each(services)("a token of $audience.name", ({ audience, verifier, rejections }) => {
  const parts = honestParts(audience);
  const rewritten = (changes: object, payload: object = {}) =>
    parts.wrapping.wrap(
      signTexts(
        audience.key,
        JSON.stringify(header(audience.key, changes)),
        Buffer.from(partsOf(writeToken({ ...parts, wrapping: SIGNED }, payload))[1], "base64url"),
      ),
    );

  it("is accepted as it is", async () => {
    expect(await judge(verifier, rewritten({}))).toBe(true);
    expect(await judge(verifier, rewritten({ typ: "application/AT+JWT" }))).toBe(true);
  });

  test.each([
    { crit: ["exp"] },
    { crit: [] },
    { crit: ["b64"], b64: false },
    { b64: false },
    { jwk: audience.key.publicJwk },
    { x5c: ["MIIB"] },
    { x5t: "dGh1bWJwcmludA" },
    { zip: "DEF" },
    { cty: "JWT" },
    { admin: true },
    { typ: "JWT" },
    { typ: undefined },
    { typ: "id+jwt" },
    { typ: "rt+jwt" },
    { alg: "none" },
    { alg: "None" },
    { alg: null },
    { alg: `${audience.algorithm} ` },
    { alg: audience.algorithm.toLowerCase() },
    { alg: [audience.algorithm] },
    { kid: undefined },
    { kid: "__proto__" },
    { kid: "constructor" },
    { kid: "../../../../dev/null" },
    { kid: [audience.key.kid] },
    { kid: "k".repeat(65) },
  ])("is refused with %j, validly signed", async (changes) => {
    expect(await judge(verifier, rewritten(changes))).toBe(false);
  });

  it("is refused with any signature that is not its own", async () => {
    const [first, second, third] = partsOf(writeToken({ ...parts, wrapping: SIGNED }));
    const bytes = Buffer.from(third, "base64url");
    const signatures = [
      ...[0, 1, 63, 65, 2_000, 3_000].map((length) => Buffer.alloc(length, bytes)),
      bytes.subarray(1),
      Buffer.concat([bytes, Buffer.alloc(1)]),
      Buffer.alloc(bytes.length),
      Buffer.from(bytes).fill((bytes[0] ?? 0) ^ 1, 0, 1),
      derOf(bytes),
    ];
    const heard = rejections.length;
    for (const signature of signatures) {
      const text = parts.wrapping.wrap(`${first}.${second}.${base64url(signature)}`);
      expect(await judge(verifier, text), String(signature.length)).toBe(false);
    }
    // What is thrown would be heard as `keys_unavailable`.
    const reasons = new Set(["malformed", "signature", "too_large"]);
    expect(rejections.slice(heard).filter((reason) => !reasons.has(reason))).toEqual([]);
  });

  test.each([
    { cnf: { jkt: "x" } },
    { gen: 3 },
    { exp: 1 },
    { iss: "https://other.example.com" },
    { scope: "" },
  ])("is refused with the claims %j", async (changes) => {
    expect(await judge(verifier, tokenFor(audience, changes))).toBe(false);
  });
});

describe("addresses in a token", () => {
  const hits: string[] = [];
  let server: Server;
  let origin: string;
  let key: TestKey;
  let attacker: TestKey;

  beforeAll(async () => {
    key = await createTestKey("own");
    attacker = await createTestKey("attacker");
    server = createServer((request, response) => {
      const path = String(request.url);
      hits.push(path);
      const { kid, publicJwk } = path === JWKS_PATH ? key : attacker;
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify({ keys: [{ ...publicJwk, kid }] }));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });

  it("are never asked, whoever signed", async () => {
    const verifier = createVerifier({
      profile: "mesh",
      issuer: origin,
      audience: "orders",
      revocation: "none",
      clock: createTestService(createTestIssuer([key])).clock,
    });
    const payload = { iss: origin, aud: "orders", gen: undefined };
    expect(await judge(verifier, forge(key, { payload }))).toBe(true);
    for (const member of ["jku", "x5u", "kid", "iss"]) {
      const address = `${origin}/${member}`;
      for (const signer of [key, attacker]) {
        const changes = { header: { [member]: address }, payload: { ...payload, iss: address } };
        expect(await judge(verifier, forge(signer, changes)), member).toBe(false);
      }
    }
    expect(await judge(verifier, forge(attacker, { header: { jwk: attacker.publicJwk }, payload }))).toBe(
      false,
    );
    expect(await judge(verifier, forge({ ...attacker, kid: "own" }, { payload }))).toBe(false);
    verifier.close();
    expect(new Set(hits)).toEqual(new Set([JWKS_PATH]));
    // At the start, and once for a key that it did not know: the rest is within the cool-down.
    expect(hits.length).toBeLessThanOrEqual(2);
  });
});

describe("a flood of unknown keys", async () => {
  const own = await createTestKey("own");
  const stranger = await createTestKey("stranger");
  const honest = serviceToken(own);
  const flood = Array.from({ length: 10_000 }, () =>
    serviceToken({ ...stranger, kid: randomBytes(16).toString("hex"), sign: () => Buffer.alloc(64, 1) }),
  );

  it("has the keys fetched once in each cool-down, and keeps no good token waiting", async () => {
    const issuer = createTestIssuer([own]);
    const { verifier, clock, rejections } = createTestService(issuer);
    await verifier.ready();
    expect(issuer.asked).toHaveLength(1);
    clock.advanceSeconds(30);
    for (const round of [1, 2, 3]) {
      const answers = await Promise.all(flood.map((text) => verifier.verify(text)));
      expect(answers.every((answer) => !answer.ok && answer.error === "invalid_token")).toBe(true);
      expect(issuer.asked).toHaveLength(1 + round);
      expect(await verifier.verify(honest)).toMatchObject({ ok: true });
      clock.advanceSeconds(29);
      for (const text of flood.slice(0, 100)) await verifier.verify(text);
      expect(issuer.asked).toHaveLength(1 + round);
      clock.advanceSeconds(1);
    }
    expect(new Set(rejections)).toEqual(new Set(["unknown_key"]));
  });

  it("asks nobody where the key is a secret, or the token was not encrypted to this service", async () => {
    for (const { audience, issuer, verifier } of services.filter(
      ({ audience }) => audience.profile !== "mesh",
    )) {
      await verifier.ready();
      const asked = issuer.asked.length;
      for (const text of flood.slice(0, 1_000)) await verifier.verify(text);
      expect(issuer.asked, audience.name).toHaveLength(asked);
    }
  });
});

describe("two credentials", async () => {
  const [service] = services;
  if (service === undefined) throw new Error("There is no such service.");
  const { audience, verifier } = service;
  const token = tokenFor(audience);
  const other = tokenFor(audience, { sub: "another" });

  test.each([
    ["twice the same", [`Bearer ${token}`, `Bearer ${token}`]],
    ["two tokens", [`Bearer ${token}`, `Bearer ${other}`]],
    ["with a password behind", [`Bearer ${token}`, "Basic YTpi"]],
  ])("in the header are refused: %s", async (_name, values) => {
    const headers = new Headers(values.map((value): [string, string] => ["authorization", value]));
    const answer = await authenticateRequest(verifier, { headers });
    expect(answer).toBeInstanceOf(Response);
    const { status, headers: sent } = answer as Response;
    expect(status).toBe(401);
    expect(sent.get("www-authenticate")).toBe('Bearer error="invalid_token"');
  });

  it("are none where the token is anywhere but in the header", async () => {
    const request = new Request(`https://orders.example.com/?access_token=${token}`, {
      method: "POST",
      headers: { cookie: `access_token=${token}`, "content-type": "application/x-www-form-urlencoded" },
      body: `access_token=${token}`,
    });
    const answer = (await authenticateRequest(verifier, request)) as Response;
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toBe("Bearer");
    expect(request.bodyUsed).toBe(false);
  });

  it("in the header win over one elsewhere, which is not looked at", async () => {
    const request = new Request(`https://orders.example.com/?access_token=${other}`, {
      headers: { authorization: `Bearer ${token}`, cookie: `access_token=${other}` },
    });
    expect(await authenticateRequest(verifier, request)).not.toMatchObject({ sub: "another" });
  });
});
