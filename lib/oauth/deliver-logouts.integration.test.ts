import { randomUUID } from "node:crypto";
import type { RequestListener } from "node:http";
import { text } from "node:stream/consumers";
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "@/e2e/support/fresh-database";
import { HeldClock } from "@/lib/keys/testing/held-clock";
import { createTestKeys, type TestKeys } from "@/lib/keys/testing/test-keys";
import { postForm } from "@/lib/outbound/post-form";
import { startServer } from "@/lib/outbound/testing/answering-server";
import { createAuditLog } from "@/lib/store/audit-events";
import { createClient, type Database } from "@/lib/store/client";
import { createClientStore } from "@/lib/store/clients";
import { createLogoutDeliveryStore } from "@/lib/store/logout-deliveries";
import { deliverLogouts } from "./deliver-logouts";
import type { OAuthDependencies } from "./dependencies";
import { clientRecord } from "./testing/client-records";

const START = new Date("2026-11-30T12:00:00Z");
const ISSUER = "https://login.example";
const CLIENT = "client_OfARelyingParty0000000";
const SHORT_MS = 200;
/** Longer than any of these answers takes. */
const LONG_MS = 60_000;

let database: TestDatabase;
let db: ReturnType<typeof createClient>;
let keys: TestKeys;
let clock: HeldClock;
beforeAll(async () => {
  database = await freshDatabase();
  db = createClient(database.url);
});
afterAll(async () => {
  await db.$disconnect();
  await database.drop();
});
beforeEach(async () => {
  await db.client.deleteMany();
  clock = new HeldClock(START);
  keys = createTestKeys({ clock });
  await keys.open();
});

const storesOn = (on: Database) => ({
  clients: createClientStore(on),
  logoutDeliveries: createLogoutDeliveryStore(on),
  audit: createAuditLog(on),
});

/** What one process stands on; all look after the same database. */
function dependencies(deadlineMs = LONG_MS): OAuthDependencies {
  return {
    stores: storesOn(db),
    atomically: (work: (stores: unknown) => Promise<unknown>) => db.$transaction((tx) => work(storesOn(tx))),
    findSigner: () => keys.keyring.findSigner(),
    postForm: (url: string, form: Record<string, string>) =>
      postForm(url, form, { privateHosts: ["127.0.0.1"], deadlineMs }),
    issuer: ISSUER,
    clock,
  } as unknown as OAuthDependencies;
}

async function addClient(backchannelLogoutUri: string): Promise<void> {
  const { hasPreviousSecret: _, ...client } = clientRecord({ id: CLIENT, backchannelLogoutUri });
  await createClientStore(db).insert(client, null);
}

/** So many sessions of one person have just ended. */
async function addEndings(count: number): Promise<string[]> {
  const userId = randomUUID();
  const sessionIds = Array.from({ length: count }, () => randomUUID());
  const of = { clientId: CLIENT, userId, createdAt: clock.now(), nextAttemptAt: clock.now() };
  await db.logoutDelivery.createMany({ data: sessionIds.map((sessionId) => ({ ...of, sessionId })) });
  return sessionIds;
}

const readDelivery = () => db.logoutDelivery.findFirstOrThrow();

/** A relying party that answers as it is told to, and keeps the tokens that it took. */
async function startRelyingParty() {
  const taken: string[] = [];
  const takes: RequestListener = async (request, response) => {
    taken.push(new URLSearchParams(await text(request)).get("logout_token") ?? "");
    response.writeHead(200, { "Cache-Control": "no-store" }).end();
  };
  const party = { answer: takes };
  const { host } = await startServer((request, response) => party.answer(request, response));
  return { party, takes, taken, url: `http://${host}/backchannel-logout` };
}

it("a client that is down, then slow, then broken, is told in the end, by a token that its libraries take", async () => {
  await addClient("http://127.0.0.1:1/backchannel-logout");
  const [sessionId] = await addEndings(1);
  const fails = async (attempts: number, problem: RegExp, deadlineMs = LONG_MS) => {
    expect(await deliverLogouts(dependencies(deadlineMs))).toBe(0);
    const delivery = await readDelivery();
    expect(delivery).toMatchObject({ attempts, lastProblem: expect.stringMatching(problem) });
    clock.moveTo(delivery.nextAttemptAt);
  };
  await fails(1, /could not be asked: ECONNREFUSED\.$/);

  const { party, takes, taken, url } = await startRelyingParty();
  await db.client.update({ where: { id: CLIENT }, data: { backchannelLogoutUri: url } });
  party.answer = () => {};
  await fails(2, /did not answer within 200 ms\.$/, SHORT_MS);
  party.answer = (_request, response) => response.writeHead(500).end("stack trace");
  await fails(3, /answered with the status 500\.$/);

  party.answer = takes;
  expect(await deliverLogouts(dependencies())).toBe(1);
  expect(await db.logoutDelivery.count()).toBe(0);
  const [token = ""] = taken;
  const jwks = createLocalJWKSet(JSON.parse(keys.keyring.jwks.body) as JSONWebKeySet);
  const { payload } = await jwtVerify(token, jwks, {
    issuer: ISSUER,
    audience: CLIENT,
    typ: "logout+jwt",
    currentDate: clock.now(),
    maxTokenAge: "2 minutes",
  });
  expect(payload).toMatchObject({ sid: sessionId });
});

it("several processes at once tell each ending once", async () => {
  const { taken, url } = await startRelyingParty();
  await addClient(url);
  const sessionIds = await addEndings(300);
  const told = await Promise.all([1, 2, 3].map(() => deliverLogouts(dependencies())));
  expect(told.reduce((sum, count) => sum + count)).toBe(300);
  const sids = taken.map(
    (token) => JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).sid,
  );
  expect(sids.sort()).toEqual(sessionIds.sort());
});

it("what a process that died had taken is taken again after its hold, not before", async () => {
  const { taken, url } = await startRelyingParty();
  await addClient(url);
  await addEndings(1);
  const deps = dependencies();
  deps.postForm = () => new Promise(() => {});
  void deliverLogouts(deps);
  await expect.poll(async () => (await readDelivery()).nextAttemptAt > START).toBe(true);

  clock.advanceSeconds(14.999);
  expect(await deliverLogouts(dependencies())).toBe(0);
  clock.advanceSeconds(0.001);
  expect(await deliverLogouts(dependencies())).toBe(1);
  expect(taken).toHaveLength(1);
});

it("one that nobody takes for a day is given up with its event, or stays with it", async () => {
  await addClient("http://127.0.0.1:1/backchannel-logout");
  const [sessionId] = await addEndings(1);
  clock.advanceSeconds(86_400);
  const deps = dependencies();
  const { atomically } = deps;
  deps.atomically = (work) =>
    atomically(async (stores) => {
      await work(stores);
      throw new Error("the database went away");
    });
  await expect(deliverLogouts(deps)).rejects.toThrow("the database went away");
  expect(await db.logoutDelivery.count()).toBe(1);
  expect(await db.auditEvent.count()).toBe(0);

  clock.advanceSeconds(15);
  expect(await deliverLogouts(dependencies())).toBe(0);
  expect(await db.logoutDelivery.count()).toBe(0);
  expect(await db.auditEvent.findMany()).toEqual([
    expect.objectContaining({
      type: "logout_delivery.abandoned",
      sessionId,
      details: { clientId: CLIENT, attempts: 1, problem: expect.stringContaining("ECONNREFUSED") },
    }),
  ]);
});
