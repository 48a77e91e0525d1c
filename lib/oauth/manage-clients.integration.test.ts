import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { parseInput } from "@/app/_http/parse-input";
import { freshDatabase, type TestDatabase } from "@/e2e/support/fresh-database";
import { queryDatabase } from "@/e2e/support/query-database";
import { newAudienceSchema } from "@/lib/audiences/audience-input";
import { createAudience } from "@/lib/audiences/manage-audiences";
import { COMMAND_LINE } from "@/lib/audit/actor";
import { readSettings } from "@/lib/config/settings";
import { sha256 } from "@/lib/crypto/derive-key";
import { newKeyPair } from "@/lib/crypto/testing/key-pair";
import { isLatchkeyError } from "@/lib/errors/latchkey-error";
import { createAdministrator } from "@/lib/identity/create-user";
import { signIn } from "@/lib/identity/sign-in";
import { HeldClock } from "@/lib/keys/testing/held-clock";
import { FetchRefusedError } from "@/lib/outbound/fetch-refused-error";
import { createServices, type Services } from "@/lib/services";
import type { SessionWithUser } from "@/lib/sessions/session";
import { keepSession, ownTerms } from "@/lib/sessions/start-session";
import type { Client } from "./client";
import { clientChangeSchema, newClientSchema } from "./client-input";
import { ClientKeys } from "./client-keys";
import type { OAuthDependencies } from "./dependencies";
import {
  addClientSecret,
  changeClient,
  createClient,
  endPreviousSecret,
  removeClient,
  revokeClient,
} from "./manage-clients";
import type { Consent } from "./stores";

type Stores = OAuthDependencies["stores"];

const ADA = { email: "ada@example.com", password: "orchid velvet tractor winds" };
const BOB = { email: "bob@example.com", password: "copper lantern meadow tides" };
const HOME = { ip: "192.0.2.7", userAgent: "Firefox" };
const JWKS_URI = "https://billing.example/jwks";
const SECRET = /^latchkey_secret_[A-Za-z0-9_-]{43}$/;

let database: TestDatabase;
let clock: HeldClock;
let latchkey: Services;
let sessionIds: string[];
/** What is at any address, or why nothing is. */
let published: unknown;
let asked: string[];
beforeAll(async () => {
  database = await freshDatabase();
  const services = open(new HeldClock(new Date()));
  await services.openKeys();
  for (const person of [ADA, BOB]) await createAdministrator(services.identity, person, COMMAND_LINE);
  for (const terms of [
    { identifier: "orders", profile: "mesh" },
    { identifier: "ledger", profile: "legacy" },
  ]) {
    await createAudience(services.audiences, newAudienceSchema.parse(terms), COMMAND_LINE);
  }
  const signedIn = [ADA, BOB].map((person) => signIn(services.identity, person, HOME, null));
  sessionIds = (await Promise.all(signedIn)).map(({ session }) => session.id);
  await services.stop();
});
afterAll(() => database.drop());
beforeEach(async () => {
  clock = new HeldClock(new Date());
  latchkey = open(clock);
  await latchkey.openKeys();
  asked = [];
  published = { keys: [publicJwk()] };
});
afterEach(() => latchkey.stop());

function open(at: HeldClock): Services {
  const settings = readSettings({
    DATABASE_URL: database.url,
    APP_SECRET: "Zk9vQ2t1bWJlcjEyMzQ1Njc4OTBhYmNkZWZnaGlqa2w",
    APP_ORIGIN: "https://login.example.com",
    LOG_LEVEL: "silent",
  });
  return createServices(settings, at);
}

const publicJwk = () => newKeyPair("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" });

const deps = (): OAuthDependencies => ({
  ...latchkey.oauth,
  clientKeys: new ClientKeys({ fetchJson, clock }),
});

async function fetchJson(url: string): Promise<unknown> {
  asked.push(url);
  if (published instanceof Error) throw published;
  return published;
}

const APP = { authMethod: "none", redirectUris: ["https://notes.example/callback"] };
const SERVICE = { authMethod: "client_secret", grantTypes: ["client_credentials"], audiences: ["orders"] };
const KEYED = { ...SERVICE, authMethod: "private_key_jwt", jwksUri: JWKS_URI };

const create = (terms: object) =>
  createClient(deps(), parseInput(newClientSchema, { name: randomUUID(), ...terms }), COMMAND_LINE);
const change = (id: string, terms: object) =>
  changeClient(deps(), id, parseInput(clientChangeSchema, terms), COMMAND_LINE);
const find = (id: string) => latchkey.stores.clients.find(id);
const hasSecret = (id: string, secret: string) => latchkey.stores.clients.hasSecret(id, sha256(secret));

async function statesOf(algorithm: string): Promise<string[]> {
  const { keys } = await latchkey.stores.signingKeys.listLive();
  return keys
    .filter((key) => key.algorithm === algorithm)
    .map(({ state }) => state)
    .toSorted();
}

/** The code that the work is refused with, or the faults of its fields. */
async function refusalOf(work: Promise<unknown>): Promise<unknown> {
  const error = await work.then(
    () => null,
    (refusal: unknown) => refusal,
  );
  if (!isLatchkeyError(error)) throw error ?? new Error("Not refused.");
  return error.fields ?? error.code;
}

const isDenied = (sid: string) => latchkey.stores.denials.covers({ jti: "", sid, kid: "" }, clock.now());

/** What the person of this session has let a client do. */
async function letIn(clientId: string, sessionId = sessionIds[0]): Promise<string> {
  const { user } = (await latchkey.stores.sessions.find(sessionId ?? "")) as SessionWithUser;
  const grant = {
    clientId,
    parentId: sessionId ?? null,
    audience: "orders",
    scope: "openid",
    isOffline: true,
    dpopJkt: null,
  };
  const terms = ownTerms(latchkey.sessions, clock.now());
  return (await keepSession(latchkey.sessions, user, HOME, terms, grant)).session.id;
}

/** What the person of this session has allowed for good, so that a client may have a code without asking. */
async function addConsent(clientId: string, sessionId = sessionIds[0]): Promise<Consent> {
  const { userId } = (await latchkey.stores.sessions.find(sessionId ?? "")) as SessionWithUser;
  const consent = { userId, clientId, audience: "orders", scope: "openid", grantedAt: clock.now() };
  await latchkey.stores.consents.add(consent);
  return consent;
}

const hold = ({ userId, clientId, audience }: Consent, { consents }: Stores = latchkey.stores) =>
  consents.hold(userId, clientId, audience);

async function eventsOf(id: string) {
  const rows = await queryDatabase<{ type: string; details: Record<string, unknown> }>(
    database.url,
    "SELECT type, details FROM audit_events WHERE details->>'clientId' = $1 AND type LIKE 'client.%' ORDER BY id",
    [id],
  );
  return rows.map(({ type, details }) => ({ type, ...details }));
}

describe("a new client", () => {
  it("is kept as it was made, and its secret is told once and kept as a hash", async () => {
    const { client, secret } = await create(SERVICE);
    expect(secret).toMatch(SECRET);
    expect(await find(client.id)).toEqual(client);
    expect(await hasSecret(client.id, String(secret))).toBe(true);
    expect(JSON.stringify([client, await eventsOf(client.id)])).not.toContain(secret);
    expect(await eventsOf(client.id)).toEqual([
      expect.objectContaining({
        type: "client.created",
        name: client.name,
        authMethod: "client_secret",
        grantTypes: "client_credentials",
        audiences: "orders",
      }),
    ]);
  });

  it.each([["none", APP] as const, ["private_key_jwt", KEYED] as const])(
    "of the method %s has no secret",
    async (_, terms) => {
      const { client, secret } = await create(terms);
      expect(secret).toBeNull();
      expect(await find(client.id)).toEqual(client);
    },
  );

  it("has a published key of its algorithm as soon as it is there", async () => {
    await create({ ...APP, algorithm: "EdDSA" });
    expect(await statesOf("EdDSA")).toEqual(["active", "staged"]);
    const jwks: { keys: { alg: string }[] } = JSON.parse(latchkey.keyring.jwks.body);
    expect(jwks.keys.map(({ alg }) => alg)).toContain("EdDSA");
  });

  it("is told its secret also where the keys cannot be read again right after", async () => {
    const { keys } = latchkey.audiences;
    const load = () => Promise.reject(new Error("The database is away."));
    const keyring = Object.assign(Object.create(keys.keyring), { load });
    const audiences = { ...latchkey.audiences, keys: { ...keys, keyring } };
    const input = parseInput(newClientSchema, { name: "Billing", ...SERVICE });
    const { client, secret } = await createClient({ ...deps(), audiences }, input, COMMAND_LINE);
    expect(await hasSecret(client.id, String(secret))).toBe(true);
  });

  it("is for audiences that there are", async () => {
    const name = `Refused ${randomUUID()}`;
    const refusal = await refusalOf(create({ ...SERVICE, name, audiences: ["orders", "nobody"] }));
    expect(refusal).toEqual({ audiences: "There is no audience nobody." });
    const rows = await queryDatabase(database.url, "SELECT 1 FROM clients WHERE name = $1", [name]);
    expect(rows).toEqual([]);
  });
});

describe("tokens that are bound to a key", () => {
  const BOUND = { ...SERVICE, requiresDpop: true };
  const REFUSED = {
    requiresDpop:
      "Do without this, or without ledger: a service of the profile legacy cannot check tokens that are bound to a key.",
  };

  it("are not required of a client for a service that cannot check them", async () => {
    const audiences = ["orders", "ledger"];
    expect(await refusalOf(create({ ...BOUND, audiences }))).toEqual(REFUSED);
    const { client: bound } = await create(BOUND);
    const { client: unbound } = await create({ ...SERVICE, audiences });
    expect(await refusalOf(change(bound.id, { audiences }))).toEqual(REFUSED);
    expect(await refusalOf(change(unbound.id, { requiresDpop: true }))).toEqual(REFUSED);
    for (const client of [bound, unbound]) expect(await find(client.id)).toEqual(client);
    const moved = { audiences, requiresDpop: false };
    expect(await change(bound.id, moved)).toMatchObject(moved);
  });

  it("nor by two who change it at once", async () => {
    const { client } = await create(SERVICE);
    const changes = [{ requiresDpop: true }, { audiences: ["ledger"] }].map((terms) =>
      change(client.id, terms),
    );
    const outcomes = await Promise.allSettled(changes);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  });

  it("keep a client from nothing else where its service has gone", async () => {
    const { client } = await create(BOUND);
    await latchkey.stores.clients.change(client.id, { audiences: ["gone"] }, clock.now());
    expect(await change(client.id, { name: "Letters" })).toMatchObject({ name: "Letters" });
  });
});

describe("the address of a client's keys", () => {
  it("is asked once, at once", async () => {
    await create(KEYED);
    expect(asked).toEqual([JWKS_URI]);
  });

  it.each([
    [
      "nobody answers",
      new FetchRefusedError("billing.example could not be asked: ECONNREFUSED."),
      /ECONNREFUSED/,
    ],
    ["there are no keys", { keys: [] }, /No key of this set/],
    ["a private key is published", { keys: [{ ...publicJwk(), d: "secret" }] }, /private key is published/],
  ])("is refused where %s", async (_, found, says) => {
    published = found;
    expect(await refusalOf(create(KEYED))).toEqual({ jwksUri: expect.stringMatching(says) });
  });

  it("keeps nothing else from being changed while it cannot be asked, and is not left for one that cannot", async () => {
    const { client } = await create(KEYED);
    published = new FetchRefusedError("billing.example could not be asked.");
    expect(await change(client.id, { scope: "orders:read" })).toMatchObject({ scope: "orders:read" });
    expect(await change(client.id, { scope: "", jwksUri: JWKS_URI })).toMatchObject({ scope: "" });
    const elsewhere = change(client.id, { jwksUri: "https://elsewhere.example/jwks" });
    expect(Object.keys(Object(await refusalOf(elsewhere)))).toEqual(["jwksUri"]);
    expect(await find(client.id)).toMatchObject({ jwksUri: JWKS_URI });
  });

  it("makes room for keys, and they for it", async () => {
    const { client } = await create(KEYED);
    const jwk = publicJwk();
    const inline = await change(client.id, { jwks: { keys: [jwk] } });
    expect(inline).toMatchObject({ jwks: { keys: [jwk] }, jwksUri: null });
    expect(await change(client.id, { jwksUri: JWKS_URI })).toMatchObject({ jwks: null, jwksUri: JWKS_URI });
  });
});

describe("a change", () => {
  it("is kept and recorded, and changes nothing else", async () => {
    const { client } = await create(APP);
    clock.advanceSeconds(60);
    const redirectUris = ["https://notes.example/back"];
    const changed = await change(client.id, { redirectUris, requiresDpop: true });
    expect(changed).toEqual({ ...client, redirectUris, requiresDpop: true, updatedAt: clock.now() });
    expect(await find(client.id)).toEqual(changed);
    expect((await eventsOf(client.id)).at(-1)).toMatchObject({
      type: "client.changed",
      redirectUris: "https://notes.example/back",
      requiresDpop: true,
    });
  });

  it("that does not fit changes nothing", async () => {
    const { client } = await create(APP);
    for (const [field, terms] of [
      ["redirectUris", { redirectUris: [] }],
      ["audiences", { audiences: ["nobody"] }],
      ["scope", { scope: "email" }],
    ] as const) {
      expect(Object.keys(Object(await refusalOf(change(client.id, terms))))).toEqual([field]);
    }
    expect(await find(client.id)).toEqual(client);
    expect(await eventsOf(client.id)).toHaveLength(1);
  });

  it("of the algorithm has a key at once", async () => {
    const { client } = await create(APP);
    expect(await statesOf("RS256")).toEqual([]);
    await change(client.id, { algorithm: "RS256" });
    expect(await statesOf("RS256")).toEqual(["active", "staged"]);
  });
});

describe("secrets", () => {
  it("work two at a time, the newest two", async () => {
    const { client, secret } = await create(SERVICE);
    const secrets = [String(secret)];
    const working = async () => Promise.all(secrets.map((text) => hasSecret(client.id, text)));
    secrets.push(await addClientSecret(deps(), client.id, COMMAND_LINE));
    expect(await working()).toEqual([true, true]);
    expect(await find(client.id)).toMatchObject({ hasPreviousSecret: true });
    secrets.push(await addClientSecret(deps(), client.id, COMMAND_LINE));
    expect(await working()).toEqual([false, true, true]);
    await endPreviousSecret(deps(), client.id, COMMAND_LINE);
    expect(await working()).toEqual([false, false, true]);
    expect(await find(client.id)).toMatchObject({ hasPreviousSecret: false });
    for (const text of secrets) expect(text).toMatch(SECRET);
    expect(new Set(secrets).size).toBe(3);
    expect((await eventsOf(client.id)).map(({ type }) => type)).toEqual([
      "client.created",
      "client.secret_added",
      "client.secret_added",
      "client.secret_ended",
    ]);
  });

  it("are of clients that have one, and end where there is another", async () => {
    const { client: app } = await create(APP);
    const { client: service } = await create(SERVICE);
    expect(await refusalOf(addClientSecret(deps(), app.id, COMMAND_LINE))).toBe("not_found");
    expect(await refusalOf(endPreviousSecret(deps(), app.id, COMMAND_LINE))).toBe("not_found");
    expect(await refusalOf(endPreviousSecret(deps(), service.id, COMMAND_LINE))).toBe("not_found");
    for (const { id } of [app, service]) expect(await eventsOf(id)).toHaveLength(1);
  });
});

describe("taking back what a client holds", () => {
  it("ends every grant and refuses its own tokens, and nothing of anybody else", async () => {
    const { client } = await create(SERVICE);
    const { client: other } = await create(SERVICE);
    const grants = [await letIn(client.id), await letIn(client.id, sessionIds[1])];
    const kept = await letIn(other.id);
    expect(await revokeClient(deps(), client.id, "found in a backup", COMMAND_LINE)).toBe(2);
    for (const id of [...grants, client.tokensId]) expect(await isDenied(id)).toBe(true);
    for (const id of [kept, other.tokensId, ...sessionIds]) expect(await isDenied(id)).toBe(false);
    expect(await latchkey.stores.sessions.find(grants[0] ?? "")).toMatchObject({
      endReason: "revoked_by_admin",
    });
    expect(await latchkey.stores.sessions.find(kept)).toMatchObject({ endedAt: null });
    expect((await eventsOf(client.id)).at(-1)).toMatchObject({
      type: "client.tokens_revoked",
      note: "found in a backup",
    });
  });

  it("forgets what everybody has allowed, of this client alone", async () => {
    const { client } = await create(APP);
    const { client: other } = await create(APP);
    const forgotten = [await addConsent(client.id), await addConsent(client.id, sessionIds[1])];
    const kept = await addConsent(other.id);
    await revokeClient(deps(), client.id, null, COMMAND_LINE);
    expect(await Promise.all([...forgotten, kept].map((consent) => hold(consent)))).toEqual([
      null,
      null,
      kept,
    ]);
  });

  it("is heard by this process at once", async () => {
    const { client } = await create(SERVICE);
    const sid = await letIn(client.id);
    await latchkey.denylist.start();
    await revokeClient(deps(), client.id, null, COMMAND_LINE);
    for (const id of [sid, client.tokensId]) {
      expect(await latchkey.denylist.isDenied({ jti: "", sid: id, kid: "" })).toBe(true);
    }
  });

  it("refuses what it asks for later no more than anybody's", async () => {
    const { client } = await create(SERVICE);
    await revokeClient(deps(), client.id, null, COMMAND_LINE);
    const { tokensId } = (await find(client.id)) as Client;
    expect(tokensId).not.toBe(client.tokensId);
    expect(await isDenied(tokensId)).toBe(false);
    expect(await isDenied(await letIn(client.id))).toBe(false);
    expect(await revokeClient(deps(), client.id, null, COMMAND_LINE)).toBe(1);
    expect(await isDenied(tokensId)).toBe(true);
  });
});

describe("a client that is removed", () => {
  it("is gone with its grants, and everything that it held is refused", async () => {
    const { client } = await create(SERVICE);
    const sid = await letIn(client.id);
    const { tokensId } = client;
    await removeClient(deps(), client.id, COMMAND_LINE);
    expect(await find(client.id)).toBeNull();
    expect(await latchkey.stores.sessions.find(sid)).toBeNull();
    for (const id of [sid, tokensId]) expect(await isDenied(id)).toBe(true);
    for (const id of sessionIds) expect(await isDenied(id)).toBe(false);
    expect((await eventsOf(client.id)).at(-1)).toMatchObject({ type: "client.removed", name: client.name });
  });

  it("leaves no token behind that is not refused, whoever lets it in meanwhile", async () => {
    for (let round = 0; round < 5; round += 1) {
      const { client } = await create(SERVICE);
      const [removed, ...grants] = await Promise.allSettled([
        removeClient(deps(), client.id, COMMAND_LINE),
        ...Array.from({ length: 12 }, () => letIn(client.id)),
      ]);
      expect(removed.status).toBe("fulfilled");
      expect(await find(client.id)).toBeNull();
      for (const grant of grants) {
        if (grant.status === "fulfilled") expect(await isDenied(grant.value)).toBe(true);
      }
    }
  });

  it("is refused once, of two who remove it at once", async () => {
    const { client } = await create(APP);
    const outcomes = await Promise.allSettled(
      [1, 2, 3].map(() => removeClient(deps(), client.id, COMMAND_LINE)),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const removals = (await eventsOf(client.id)).filter(({ type }) => type === "client.removed");
    expect(removals).toHaveLength(1);
  });
});

describe("while somebody gets a code without being asked", () => {
  /** As one who is let in silently does: first the consent, then the code, for which the client has to stay. */
  async function letInDuring(consent: Consent, work: () => Promise<unknown>): Promise<boolean> {
    let worked: Promise<unknown> = Promise.resolve();
    const isThere = await latchkey.oauth.atomically(async (stores) => {
      await hold(consent, stores);
      worked = work();
      // Its failure is for below.
      worked.catch(() => undefined);
      await waitsForLock();
      return stores.clients.hold(consent.clientId);
    });
    await worked;
    return isThere;
  }

  async function waitsForLock(): Promise<void> {
    const waiting = () =>
      queryDatabase(
        database.url,
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      );
    await vi.waitFor(async () => expect(await waiting()).not.toEqual([]), { timeout: 20_000 });
  }

  it.each([
    ["taking back", (id: string) => revokeClient(deps(), id, null, COMMAND_LINE)],
    ["removing", (id: string) => removeClient(deps(), id, COMMAND_LINE)],
  ])("%s waits for them, and neither stops the other", async (_, work) => {
    const { client } = await create(APP);
    const consent = await addConsent(client.id);
    expect(await letInDuring(consent, () => work(client.id))).toBe(true);
    expect(await hold(consent)).toBeNull();
  });
});

it.each(["client_AAAAAAAAAAAAAAAAAAAAAA", "nobody", "", "\u0000"])(
  "what names no client is not found: %j",
  async (id) => {
    const works = [
      change(id, { name: "Notes" }),
      removeClient(deps(), id, COMMAND_LINE),
      addClientSecret(deps(), id, COMMAND_LINE),
      endPreviousSecret(deps(), id, COMMAND_LINE),
      revokeClient(deps(), id, null, COMMAND_LINE),
    ];
    expect(await Promise.all(works.map(refusalOf))).toEqual(works.map(() => "not_found"));
  },
);
