import { createHmac } from "node:crypto";
import { calculateJwkThumbprint } from "jose";
import { beforeEach, describe, expect, it } from "vitest";
import { type Actor, COMMAND_LINE } from "@/lib/audit/actor";
import { activateSecret, endSecrets, generateSecret, takeSecret } from "./audience-secrets";
import { isSigningUnavailable } from "./custody";
import { rewrapKeys } from "./rewrap-keys";
import { secretUse } from "./signing-key";
import { addSecret } from "./testing/add-secret";
import { FakeSigner } from "./testing/fake-signer";
import { HeldClock } from "./testing/held-clock";
import { MemorySigningKeyStore } from "./testing/memory-signing-key-store";
import { createTestKeys, TEST_SCHEDULE, TEST_SECRET, type TestKeys } from "./testing/test-keys";

const NOW = new Date("2026-11-24T12:00:00Z");
const OTHER_SECRET = "another secret, thirty-two bytes long";
const DATA = Buffer.from("text");
const BILLING = "https://billing.example.com";
const ADMIN: Actor = {
  userId: "00000000-0000-4000-8000-0000000000ad",
  sessionId: "c2Vzc2lvbi1pZC0xMjM0NQ",
  client: { ip: "192.0.2.1", userAgent: "Firefox" },
};

let clock: HeldClock;
let store: MemorySigningKeyStore;
let keys: TestKeys;
beforeEach(async () => {
  clock = new HeldClock(NOW);
  store = new MemorySigningKeyStore(clock);
  keys = createTestKeys({ clock, store });
  await keys.open();
});

const add = (audience = BILLING, by = keys) => addSecret(by, audience, ADMIN);
const activate = (audience = BILLING) => activateSecret(keys, audience, ADMIN);
const secretRows = () => store.rows.filter(({ use }) => use.startsWith("audience:"));
const secretStates = () =>
  secretRows()
    .map(({ state }) => state)
    .join(" ");
const findSigner = (audience = BILLING, by = keys) => by.keyring.findSignerFor(secretUse(audience), "HS256");
const acceptedKids = (audience = BILLING) => keys.keyring.findSecretKeys(audience).map(({ kid }) => kid);
/** As whoever has the secret as text in a setting. */
const hmacOf = (secret: string) => createHmac("sha256", secret).update(DATA).digest();
const openAt = async (seconds: number) => {
  clock.moveTo(new Date(NOW.getTime() + seconds * 1000));
  await keys.open();
};

describe("the first secret of an audience", () => {
  it("signs at once, by the bytes of the text that is shown", async () => {
    const { kid, secret, signs } = await add();
    expect(signs).toBe(true);
    expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/);
    const signer = await findSigner();
    expect(signer).toMatchObject({ kid, algorithm: "HS256" });
    expect(Buffer.from(await signer.sign(DATA))).toEqual(hmacOf(secret));
    expect(keys.signed.map(([signedBy]) => signedBy)).toEqual([kid]);
  });

  it("is named by its thumbprint (RFC 7638), and is no other's", async () => {
    const first = await add();
    const k = Buffer.from(first.secret).toString("base64url");
    expect(first.kid).toBe(await calculateJwkThumbprint({ kty: "oct", k }));
    const second = await add("shipping");
    expect(second.kid).not.toBe(first.kid);
    expect(second.secret).not.toBe(first.secret);
  });

  it("is kept only sealed, and nothing of it is published", async () => {
    const { kid, secret } = await add();
    const [row] = secretRows();
    expect(row).toMatchObject({ use: `audience:${BILLING}`, publicJwk: { kty: "oct" }, activatesAt: null });
    expect(Buffer.from(row?.sealedPrivateKey ?? []).toString("latin1")).not.toContain(secret);
    expect(keys.keyring.jwks.body).not.toContain(kid);
    expect(JSON.stringify(store.events)).not.toContain(secret);
  });

  it("verifies no token of our own pages, and makes its algorithm none of theirs", async () => {
    const { version } = keys.keyring;
    const { kid } = await add();
    expect(await keys.keyring.findVerificationKey(kid)).toBeNull();
    expect(keys.keyring.algorithms).toEqual(new Set(["ES256"]));
    expect(keys.keyring.version).toBe(version);
    expect(acceptedKids()).toEqual([kid]);
    expect(acceptedKids("shipping")).toEqual([]);
  });

  it("signs for nobody else", async () => {
    await add();
    await expect(findSigner("shipping")).rejects.toSatisfy(isSigningUnavailable);
    await expect(keys.keyring.findSignerFor("access_token", "HS256")).rejects.toSatisfy(isSigningUnavailable);
    expect(keys.keyring.signer.algorithm).toBe("ES256");
  });

  it("is kept in the same transaction as its audience, or not at all", async () => {
    const made = await generateSecret(keys, BILLING);
    const work = keys.atomically(async (stores) => {
      await takeSecret(keys, stores, made, ADMIN);
      throw new Error("The audience cannot be kept.");
    });
    await expect(work).rejects.toThrow("cannot be kept");
    expect(secretRows()).toEqual([]);
  });

  it("is sealed here also where a signer outside holds our own keys, and stays where it is", async () => {
    const signer = new FakeSigner(clock);
    const outside = createTestKeys({ clock, signer });
    await outside.open();
    const held = signer.kids;
    const { kid } = await add(BILLING, outside);
    expect(signer.kids).toEqual(held);
    const known = outside.keyring.keys.find((key) => key.kid === kid);
    expect(known).toMatchObject({ standing: "preferred", problem: null });
    expect(known?.custody).toMatch(/^app-secret:/);
    signer.isAway = true;
    await (await findSigner(BILLING, outside)).sign(DATA);
  });
});

describe("the next secret", () => {
  it("waits until somebody says that the service has it; then it signs, and the former one is accepted on", async () => {
    const first = await add();
    const second = await add();
    expect(second.signs).toBe(false);
    expect(secretStates()).toBe("active staged");
    expect((await findSigner()).kid).toBe(first.kid);
    expect(acceptedKids()).toEqual([first.kid, second.kid]);
    expect(await activate()).toEqual({ kid: second.kid });
    expect(secretStates()).toBe("retiring active");
    expect((await findSigner()).kid).toBe(second.kid);
    expect(acceptedKids()).toEqual([first.kid, second.kid]);
  });

  it("never signs by itself, however long it waits", async () => {
    const first = await add();
    await add();
    for (const days of [1, 40, 400]) await openAt(days * 86_400);
    expect(secretStates()).toBe("active staged");
    expect((await findSigner()).kid).toBe(first.kid);
  });

  it("is refused while one waits, and nothing changes", async () => {
    await add();
    await add();
    const { rows, events } = store;
    await expect(add()).rejects.toMatchObject({ code: "secret_waiting" });
    expect({ rows: store.rows, events: store.events }).toEqual({ rows, events });
    expect((await add("shipping")).signs).toBe(true);
  });

  it("is one, however many ask at once", async () => {
    await add();
    const outcomes = await Promise.allSettled([add(), add(), add()]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected", "rejected"]);
    expect(secretStates()).toBe("active staged");
  });

  it("erases the former one when nothing that it signed is accepted any more", async () => {
    const first = await add();
    const second = await add();
    await activate();
    await openAt(TEST_SCHEDULE.retiringSeconds - 0.001);
    expect(acceptedKids()).toEqual([first.kid, second.kid]);
    await openAt(TEST_SCHEDULE.retiringSeconds);
    expect(secretStates()).toBe("retired active");
    expect(secretRows().map(({ sealedPrivateKey }) => sealedPrivateKey === null)).toEqual([true, false]);
    expect(acceptedKids()).toEqual([second.kid]);
  });

  it("cannot be activated where none waits", async () => {
    await expect(activate()).rejects.toMatchObject({ code: "not_found" });
    await add();
    await expect(activate()).rejects.toMatchObject({ code: "not_found" });
    await add("shipping");
    await add("shipping");
    await expect(activate()).rejects.toMatchObject({ code: "not_found" });
    expect(secretStates()).toBe("active active staged");
  });

  it("is seen by another process when it looks next, and at once by one that has none yet", async () => {
    const other = createTestKeys({ clock, store });
    await other.open();
    const first = await add();
    expect((await findSigner(BILLING, other)).kid).toBe(first.kid);
    const second = await add();
    await activate();
    await other.open();
    expect((await findSigner(BILLING, other)).kid).toBe(second.kid);
  });
});

describe("a secret that cannot be opened here", () => {
  it("makes way for a new one, and both come under one application secret", async () => {
    const elsewhere = createTestKeys({ clock, store, secrets: [OTHER_SECRET] });
    const first = await add(BILLING, elsewhere);
    const second = await add();
    expect(second.signs).toBe(true);
    expect(secretStates()).toBe("active active");
    expect((await findSigner(BILLING, elsewhere)).kid).toBe(first.kid);
    const both = createTestKeys({ clock, store, secrets: [OTHER_SECRET, TEST_SECRET] });
    for await (const { problem } of rewrapKeys(both, both.sealed, COMMAND_LINE)) expect(problem).toBeNull();
    expect(secretStates()).toBe("active retiring");
    const alone = createTestKeys({ clock, store, secrets: [OTHER_SECRET] });
    await alone.open();
    expect((await findSigner(BILLING, alone)).kid).toBe(first.kid);
    expect(alone.keyring.findSecretKeys(BILLING).map(({ kid }) => kid)).toEqual([first.kid, second.kid]);
  });

  it("is reported, and stops when the next one is activated", async () => {
    await add(BILLING, createTestKeys({ clock, store, secrets: [OTHER_SECRET] }));
    await keys.open();
    expect(keys.problems).toContainEqual(expect.stringContaining(secretRows()[0]?.kid ?? ""));
    await add();
    await add();
    await activate();
    expect(secretStates()).toBe("retiring retiring active");
  });
});

it("of another row opens nothing: a secret is bound to its audience", async () => {
  const { kid } = await add();
  for (const use of [secretUse("shipping"), "access_token"] as const) {
    store.rows = store.rows.map((row) => (row.kid === kid ? { ...row, use } : row));
    const reader = createTestKeys({ clock, store });
    await reader.keyring.load();
    expect(reader.keyring.keys.find((key) => key.kid === kid)?.standing).toBe("refused");
    expect(await reader.keyring.findVerificationKey(kid)).toBeNull();
    expect(reader.keyring.findSecretKeys("shipping")).toEqual([]);
  }
});

it("of an audience that is no more are all erased at once, and of no other", async () => {
  const former = await add();
  await add();
  await activate();
  await add();
  const { kid } = await add("shipping");
  expect(secretStates()).toBe("retiring active staged active");
  await keys.atomically((stores) => endSecrets(stores, BILLING));
  await keys.keyring.load();
  expect(secretStates()).toBe("retired retired retired active");
  expect(secretRows().filter(({ sealedPrivateKey }) => sealedPrivateKey !== null)).toMatchObject([{ kid }]);
  expect(acceptedKids()).toEqual([]);
  await expect(findSigner()).rejects.toSatisfy(isSigningUnavailable);
  expect((await findSigner("shipping")).kid).toBe(kid);
  // A new audience of the same name begins anew.
  const { kid: next, signs } = await add();
  expect([next === former.kid, signs]).toEqual([false, true]);
});

it("are recorded with whose they are and who did it", async () => {
  const { events } = store;
  const first = await add();
  const second = await add();
  await activate();
  await openAt(TEST_SCHEDULE.retiringSeconds);
  const identity = (kid: string) => ({ kid, algorithm: "HS256", audience: BILLING });
  expect(store.events.slice(events.length).map(({ type, details }) => [type, details])).toEqual([
    ["signing_key.activated", { ...identity(first.kid), replaces: null }],
    ["signing_key.staged", { ...identity(second.kid), activatesAt: null }],
    ["signing_key.stopped", identity(first.kid)],
    ["signing_key.activated", { ...identity(second.kid), replaces: first.kid }],
    ["signing_key.retired", identity(first.kid)],
  ]);
  const actors = store.events.slice(events.length).map(({ actorId, client }) => [actorId, client]);
  const admin = [ADMIN.userId, ADMIN.client];
  expect(actors).toEqual([admin, admin, admin, admin, [null, null]]);
});
