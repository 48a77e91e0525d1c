import { createHash, randomUUID } from "node:crypto";
import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  type JSONWebKeySet,
  type JWK,
  jwtVerify,
  SignJWT,
} from "jose";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "@/e2e/support/fresh-database";
import { queryDatabase } from "@/e2e/support/query-database";
import { COMMAND_LINE } from "@/lib/audit/actor";
import { readSettings } from "@/lib/config/settings";
import { newKeyPair } from "@/lib/crypto/testing/key-pair";
import { hasCode } from "@/lib/errors/latchkey-error";
import { createAdministrator } from "@/lib/identity/create-user";
import { signIn } from "@/lib/identity/sign-in";
import { secretUse } from "@/lib/keys/signing-key";
import { HeldClock } from "@/lib/keys/testing/held-clock";
import { revokeKey } from "@/lib/revocation/revoke-key";
import { createServices, type Services } from "@/lib/services";
import { denyToken } from "@/lib/sessions/deny-token";
import { endSessions } from "@/lib/sessions/end-sessions";
import { audienceChangeSchema, newAudienceSchema } from "./audience-input";
import { issueForAudience } from "./issue-for-audience";
import {
  activateAudienceSecret,
  addAudienceSecret,
  changeAudience,
  createAudience,
  makeFeedToken,
  removeAudience,
} from "./manage-audiences";
import { verifyForAudience } from "./verify-for-audience";

const ORIGIN = "https://login.example.com";
const ADA = { email: "ada@example.com", password: "orchid velvet tractor winds" };
const HOME = { ip: "192.0.2.7", userAgent: "Firefox" };

let database: TestDatabase;
let clock: HeldClock;
let latchkey: Services;
let sessionId: string;
beforeAll(async () => {
  database = await freshDatabase();
  const services = open(new HeldClock(new Date()));
  await services.openKeys();
  await createAdministrator(services.identity, ADA, COMMAND_LINE);
  await services.stop();
});
afterAll(() => database.drop());
beforeEach(async () => {
  clock = new HeldClock(new Date());
  latchkey = open(clock);
  await latchkey.openKeys();
  sessionId = (await signIn(latchkey.identity, ADA, HOME, null)).session.id;
});
afterEach(() => latchkey.stop());

function open(at: HeldClock): Services {
  const settings = readSettings({
    DATABASE_URL: database.url,
    APP_SECRET: "Zk9vQ2t1bWJlcjEyMzQ1Njc4OTBhYmNkZWZnaGlqa2w",
    APP_ORIGIN: ORIGIN,
    LOG_LEVEL: "silent",
  });
  return createServices(settings, at);
}

const create = (terms: object) => {
  const input = newAudienceSchema.parse({ identifier: `service-${randomUUID()}`, profile: "mesh", ...terms });
  return createAudience(latchkey.audiences, input, COMMAND_LINE);
};
const issue = async (identifier: string) =>
  (await issueForAudience(latchkey.audiences, sessionId, identifier)).accessToken;
const endSession = () =>
  endSessions(latchkey.sessions, { kind: "ids", ids: [sessionId], ownedBy: null }, "revoked_by_admin", {
    actorId: null,
    client: null,
    details: {},
  });

/** As any service would. */
async function verify(token: string, audience: string, secret?: string) {
  const options = { issuer: ORIGIN, audience, typ: "at+jwt", currentDate: clock.now() };
  const { payload } =
    secret === undefined
      ? await jwtVerify(
          token,
          createLocalJWKSet(JSON.parse(latchkey.keyring.jwks.body) as JSONWebKeySet),
          options,
        )
      : await jwtVerify(token, Buffer.from(secret), options);
  return payload;
}

describe.each(["ES256", "RS256", "EdDSA"] as const)("an audience of the profile mesh by %s", (algorithm) => {
  it("has a published key that signs for it as soon as it is there, on every instance", async () => {
    const other = open(clock);
    await other.openKeys();
    const { audience, secret } = await create({ algorithm });
    expect(secret).toBeNull();
    const token = await issue(audience.identifier);
    expect(decodeProtectedHeader(token).alg).toBe(algorithm);
    expect(await verify(token, audience.identifier)).toMatchObject({ sid: sessionId, role: "admin" });
    const elsewhere = await issueForAudience(other.audiences, sessionId, audience.identifier);
    expect(decodeProtectedHeader(elsewhere.accessToken).kid).toBe(decodeProtectedHeader(token).kid);
    await other.stop();
  });
});

describe("a token for a service", () => {
  it("never outlives its session, and is not issued once that is over", async () => {
    const { audience } = await create({ lifetimeSeconds: 900 });
    clock.advanceSeconds(7 * 86_400 - 100);
    const { exp = 0 } = await verify(await issue(audience.identifier), audience.identifier);
    expect(exp * 1000).toBeLessThanOrEqual(clock.now().getTime() + 100_000);
    clock.advanceSeconds(101);
    await expect(issue(audience.identifier)).rejects.toSatisfy((error) =>
      hasCode(error, "not_authenticated"),
    );
  });

  it("is not issued for a session that has been ended", async () => {
    const { audience } = await create({});
    await endSession();
    await expect(issue(audience.identifier)).rejects.toSatisfy((error) =>
      hasCode(error, "not_authenticated"),
    );
  });

  it("is denied with its session, however long that has only been asked for tokens", async () => {
    const { audience } = await create({ lifetimeSeconds: 900 });
    // The session's own token is in its last moment, and the service's lives a quarter of an hour from now.
    clock.advanceSeconds(14 * 60);
    const { exp = 0, jti = "" } = await verify(await issue(audience.identifier), audience.identifier);
    clock.advanceSeconds(14 * 60);
    expect(exp * 1000).toBeGreaterThan(clock.now().getTime());
    await endSession();
    const token = { jti, sid: sessionId, kid: "" };
    expect(await latchkey.stores.denials.covers(token, clock.now())).toBe(true);
  });

  it("says what the audience has as its scope", async () => {
    const { audience } = await create({ scope: "orders:read orders:write" });
    const claims = await verify(await issue(audience.identifier), audience.identifier);
    expect(claims.scope).toBe("orders:read orders:write");
  });

  it("is refused by our own pages", async () => {
    const { audience } = await create({});
    const verification = await latchkey.sessions.verifyAccessToken(await issue(audience.identifier));
    expect(verification).toMatchObject({ ok: false });
  });
});

describe("a token for a service, given to us", () => {
  const verifyHere = (token: string) => verifyForAudience(latchkey.audiences, token);

  it.each(["mesh", "legacy"])("is verified as its audience of the profile %s does", async (profile) => {
    const { audience } = await create({ profile });
    const token = await issue(audience.identifier);
    const verification = await verifyHere(token);
    expect(verification).toMatchObject({ ok: true, claims: { aud: audience.identifier, sid: sessionId } });
    await removeAudience(latchkey.audiences, audience.identifier, COMMAND_LINE);
    expect(await verifyHere(token)).toMatchObject({ ok: false });
  });

  it("is denied by an administrator, and its session goes on", async () => {
    const { audience } = await create({ profile: "legacy" });
    const token = await issue(audience.identifier);
    const { jti = "" } = decodeJwt(token);
    await denyToken(latchkey.sessions, latchkey.stores.denials, verifyHere, token, COMMAND_LINE);
    const { denials } = latchkey.stores;
    expect(await denials.covers({ jti, sid: "", kid: "" }, clock.now())).toBe(true);
    expect(await denials.covers({ jti: "", sid: sessionId, kid: "" }, clock.now())).toBe(false);
  });

  it.each(["\u0000", "", "no such audience", ["orders"], 1, null])(
    "is refused when it is for %j",
    async (aud) => {
      const text = JSON.stringify({ aud });
      const parts = ["{}", text, "signature"].map((part) => Buffer.from(part).toString("base64url"));
      expect(await verifyHere(parts.join("."))).toEqual({ ok: false, reason: "malformed" });
    },
  );

  it("of one audience in the name of another is refused, whoever has which secret", async () => {
    const [one, other] = [await create({ profile: "legacy" }), await create({ profile: "legacy" })];
    const payload = decodeJwt(await issue(one.audience.identifier));
    const forged = await new SignJWT({ ...payload, aud: other.audience.identifier })
      .setProtectedHeader({ alg: "HS256", typ: "at+jwt", kid: String(one.secret?.kid) })
      .sign(Buffer.from(String(one.secret?.secret)));
    expect(await verifyHere(forged)).toEqual({ ok: false, reason: "unknown_key" });
  });
});

describe("the secret of an audience", () => {
  it("is what its tokens are verified with, as text", async () => {
    const { audience, secret } = await create({ profile: "legacy" });
    expect(secret?.secret).toMatch(/^[A-Za-z0-9_-]{43}$/);
    const token = await issue(audience.identifier);
    expect(await verify(token, audience.identifier, secret?.secret)).toMatchObject({ sid: sessionId });
    const k = Buffer.from(secret?.secret ?? "").toString("base64url");
    const thumbprint = createHash("sha256").update(`{"k":"${k}","kty":"oct"}`).digest("base64url");
    expect(decodeProtectedHeader(token).kid).toBe(thumbprint);
  });

  it("is replaced without a token refused: the next one is given away first", async () => {
    const { audience, secret: first } = await create({ profile: "legacy" });
    const { identifier } = audience;
    const next = await addAudienceSecret(latchkey.audiences, identifier, COMMAND_LINE);
    expect(next.signs).toBe(false);
    const before = await issue(identifier);
    await verify(before, identifier, first?.secret);
    await expect(addAudienceSecret(latchkey.audiences, identifier, COMMAND_LINE)).rejects.toSatisfy((error) =>
      hasCode(error, "secret_waiting"),
    );
    await activateAudienceSecret(latchkey.audiences, identifier, COMMAND_LINE);
    const after = await issue(identifier);
    await verify(after, identifier, next.secret);
    await expect(verify(after, identifier, first?.secret)).rejects.toThrow();
    const { keys } = await latchkey.stores.signingKeys.listLive();
    const states = keys.filter(({ use }) => use === secretUse(identifier)).map(({ state }) => state);
    expect(states.toSorted()).toEqual(["active", "retiring"]);
  });

  it("never stands in the JWKS, and verifies nothing of ours", async () => {
    const { secret } = await create({ profile: "legacy" });
    await latchkey.keyring.load();
    expect(latchkey.keyring.jwks.body).not.toContain(String(secret?.kid));
    expect(await latchkey.keyring.findVerificationKey(String(secret?.kid))).toBeNull();
  });

  it("once revoked, makes way for the one that waits", async () => {
    const { audience, secret: first } = await create({ profile: "legacy" });
    const next = await addAudienceSecret(latchkey.audiences, audience.identifier, COMMAND_LINE);
    await revokeKey(latchkey.keys, String(first?.kid), "leaked", COMMAND_LINE);
    await verify(await issue(audience.identifier), audience.identifier, next.secret);
  });

  it("is not made for an audience that has none", async () => {
    const { audience } = await create({});
    for (const identifier of [audience.identifier, "nobody"]) {
      await expect(addAudienceSecret(latchkey.audiences, identifier, COMMAND_LINE)).rejects.toSatisfy(
        (error) => hasCode(error, "not_found"),
      );
    }
    const { keys } = await latchkey.stores.signingKeys.listLive();
    expect(keys.map(({ use }) => use)).not.toContain(secretUse(audience.identifier));
  });

  it("does not survive its audience, whoever makes one meanwhile", async () => {
    for (let round = 0; round < 5; round += 1) {
      const { audience } = await create({ profile: "legacy" });
      const { identifier } = audience;
      await Promise.allSettled([
        addAudienceSecret(latchkey.audiences, identifier, COMMAND_LINE),
        removeAudience(latchkey.audiences, identifier, COMMAND_LINE),
        addAudienceSecret(latchkey.audiences, identifier, COMMAND_LINE),
      ]);
      expect(await latchkey.stores.audiences.find(identifier)).toBeNull();
      const { keys } = await latchkey.stores.signingKeys.listLive();
      expect(keys.map(({ use }) => use)).not.toContain(secretUse(identifier));
    }
  });
});

it("an identifier is of one audience, and a second attempt leaves no secret behind", async () => {
  const { audience } = await create({ profile: "legacy" });
  const again = create({ profile: "legacy", identifier: audience.identifier });
  await expect(again).rejects.toSatisfy((error) => hasCode(error, "audience_taken"));
  const { keys } = await latchkey.stores.signingKeys.listLive();
  expect(keys.filter(({ use }) => use === secretUse(audience.identifier))).toHaveLength(1);
});

it("an audience whose service is away can be made narrower all the same", async () => {
  const { audience } = await create({ scope: "wages:read" });
  const jwksUri = "https://payroll.invalid/jwks";
  // As it was made while the service was there.
  const encrypted = {
    ...audience,
    identifier: `payroll-${randomUUID()}`,
    profile: "high-security",
    jwksUri,
  } as const;
  const { hasFeedToken: _, ...kept } = { ...encrypted, lifetimeSeconds: 300 };
  await latchkey.stores.audiences.insert(kept);
  const change = (input: object) =>
    changeAudience(latchkey.audiences, kept.identifier, audienceChangeSchema.parse(input), COMMAND_LINE);
  expect(await change({ scope: null })).toMatchObject({ scope: null, jwksUri });
  expect(await change({ lifetimeSeconds: 60, jwksUri })).toMatchObject({ lifetimeSeconds: 60, jwksUri });
  const elsewhere = change({ jwksUri: "https://elsewhere.invalid/jwks" });
  await expect(elsewhere).rejects.toSatisfy((error) => hasCode(error, "invalid_request"));
});

it("the audit log tells which key the tokens of an audience are encrypted to", async () => {
  const [first, next] = [newJwk(), newJwk()];
  const { audience } = await create({ profile: "high-security", encryptionJwk: { ...first, kid: "mine" } });
  const { identifier } = audience;
  const change = (input: object) =>
    changeAudience(latchkey.audiences, identifier, audienceChangeSchema.parse(input), COMMAND_LINE);
  // The name is the caller's choice, and says nothing.
  await change({ encryptionJwk: { ...next, kid: "mine" } });
  await change({ scope: "wages:read" });
  await create({ identifier: `${identifier}-plain` });
  const rows = await queryDatabase(
    database.url,
    `SELECT type, details->'encryptionKeyThumbprint' AS thumbprint FROM audit_events
      WHERE type LIKE 'audience.%' AND starts_with(details->>'audience', $1) ORDER BY id`,
    [identifier],
  );
  const [ofFirst, ofNext] = await Promise.all([first, next].map((jwk) => calculateJwkThumbprint(jwk)));
  expect(rows).toEqual([
    { type: "audience.created", thumbprint: ofFirst },
    { type: "audience.changed", thumbprint: ofNext },
    { type: "audience.changed", thumbprint: ofNext },
    { type: "audience.created", thumbprint: null },
  ]);
});

const newJwk = () => newKeyPair("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" }) as JWK;

it("a feed token is told once and kept as a hash", async () => {
  const { audience, feedToken } = await create({});
  const next = await makeFeedToken(latchkey.audiences, audience.identifier, COMMAND_LINE);
  for (const token of [feedToken, next]) {
    const hash = createHash("sha256").update(token).digest();
    const found = await latchkey.stores.audiences.findByFeedTokenHash(new Uint8Array(hash));
    expect(found?.identifier).toBe(audience.identifier);
  }
  expect(next).not.toBe(feedToken);
});

it("what is told once is told, also where the keys cannot be read again right after", async () => {
  const { audiences } = latchkey;
  const load = () => Promise.reject(new Error("The database is away."));
  const keyring = Object.assign(Object.create(audiences.keys.keyring), { load });
  const deps = { ...audiences, keys: { ...audiences.keys, keyring } };
  const input = newAudienceSchema.parse({ identifier: `service-${randomUUID()}`, profile: "legacy" });
  const { audience, feedToken, secret } = await createAudience(deps, input, COMMAND_LINE);
  expect(feedToken).toMatch(/^latchkey_feed_/);
  await verify(await issue(audience.identifier), audience.identifier, secret?.secret);
  const next = await addAudienceSecret(deps, audience.identifier, COMMAND_LINE);
  expect(next).toMatchObject({ secret: expect.any(String), signs: false });
  await removeAudience(deps, audience.identifier, COMMAND_LINE);
  expect(await latchkey.stores.audiences.find(audience.identifier)).toBeNull();
});
