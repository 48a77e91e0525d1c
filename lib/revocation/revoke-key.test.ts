import { describe, expect, it, test, vi } from "vitest";
import { type Actor, COMMAND_LINE } from "@/lib/audit/actor";
import { addSeconds } from "@/lib/crypto/clock";
import { ALGORITHMS, type Algorithm, isSymmetric } from "@/lib/keys/algorithms";
import { activateSecret } from "@/lib/keys/audience-secrets";
import { isSigningUnavailable, SigningUnavailableError } from "@/lib/keys/custody";
import { requestRotation } from "@/lib/keys/rotation";
import { secretUse } from "@/lib/keys/signing-key";
import { addSecret } from "@/lib/keys/testing/add-secret";
import { FakeSigner } from "@/lib/keys/testing/fake-signer";
import { HeldClock } from "@/lib/keys/testing/held-clock";
import {
  DAY_SECONDS,
  kidOf,
  nameOf,
  publishedBy,
  sealedIn,
  signerOf,
  statesOf,
} from "@/lib/keys/testing/key-story";
import type { MemorySigningKeyStore } from "@/lib/keys/testing/memory-signing-key-store";
import { createTestKeys, TEST_SCHEDULE } from "@/lib/keys/testing/test-keys";
import { InMemoryDenialStore } from "@/lib/sessions/testing/in-memory-denial-store";
import { revokeKey } from "./revoke-key";
import { strictDenylist } from "./testing/denylists";

const NOW = new Date("2026-11-24T12:00:00Z");
const R = TEST_SCHEDULE.rotationSeconds;
const OTHER_SECRET = "another secret, thirty-two bytes long";
const ADMIN: Actor = {
  userId: "00000000-0000-4000-8000-0000000000ad",
  sessionId: "c2Vzc2lvbi1pZC0xMjM0NQ",
  client: { ip: "192.0.2.1", userAgent: "Firefox" },
};

interface ProcessOptions {
  algorithm?: Algorithm;
  signer?: FakeSigner;
  secrets?: string[];
  clock?: HeldClock;
  store?: MemorySigningKeyStore;
  denials?: InMemoryDenialStore;
}

/** One process: its keys, its denylist, and the two as one transaction writes to both. */
async function startProcess(options: ProcessOptions = {}) {
  const { clock = new HeldClock(NOW), denials = new InMemoryDenialStore(), ...rest } = options;
  const keys = createTestKeys({ clock, ...rest });
  const denylist = strictDenylist(denials, clock);
  const deps = {
    ...keys,
    denylist,
    atomically: <Result>(
      work: (
        stores: Parameters<Parameters<typeof keys.atomically>[0]>[0] & { denials: InMemoryDenialStore },
      ) => Promise<Result>,
    ) => keys.store.atomically((stores) => work({ ...stores, denials })),
  };
  const openAt = async (seconds: number) => {
    clock.moveTo(addSeconds(NOW, seconds));
    await keys.open();
  };
  const revoke = (name: string, reason = "leaked", actor = ADMIN) =>
    revokeKey(deps, kidOf(keys.store, name), reason, actor);
  const isDenied = (name: string) =>
    denylist.isDenied({ jti: "token", sid: "session", kid: kidOf(keys.store, name) });
  await keys.open();
  return { clock, keys, store: keys.store, denials, denylist, deps, openAt, revoke, isDenied };
}

describe.each(Object.keys(ALGORITHMS) as Algorithm[])("revoking the %s key that signs", (algorithm) => {
  it("refuses its tokens at once and signs with the key that was staged", { timeout: 30_000 }, async () => {
    const { clock, keys, store, denials, isDenied, openAt, revoke } = await startProcess({ algorithm });
    await openAt(DAY_SECONDS);
    const { version } = keys.keyring;
    await revoke("k1");
    expect(statesOf(store)).toBe("revoked active staged");
    expect(signerOf(keys)).toBe("k2");
    expect(publishedBy(keys)).toBe(isSymmetric(algorithm) ? "" : "k2 k3");
    expect(sealedIn(store)).toBe("k2 k3");
    expect(await keys.keyring.findVerificationKey(kidOf(store, "k1"))).toBeNull();
    expect(keys.keyring.version).toBeGreaterThan(version);
    expect([await isDenied("k1"), await isDenied("k2")]).toEqual([true, false]);
    expect((await denials.readSince(null, clock.now())).denials).toMatchObject([
      { kind: "kid", value: kidOf(store, "k1"), expiresAt: addSeconds(clock.now(), 30 * DAY_SECONDS) },
    ]);
    expect(store.rows[0]).toMatchObject({ revokedAt: clock.now(), revokeReason: "leaked" });
    expect(store.rows[1]).toMatchObject({ activatedAt: clock.now() });
  });
});

describe("revoking", () => {
  it("is seen by another process when it looks next, and denied there before", async () => {
    const one = await startProcess();
    const { clock, store, denials } = one;
    const other = await startProcess({ clock, store, denials });
    clock.advanceSeconds(1000);
    await one.revoke("k1");
    expect(await other.isDenied("k1")).toBe(true);
    await other.keys.open();
    expect(signerOf(other.keys)).toBe("k2");
    expect(other.keys.keyring.jwks.etag).toBe(one.keys.keyring.jwks.etag);
    expect(statesOf(store)).toBe("revoked active staged");
  });

  it("a staged key leaves the one that signs, and stages another", async () => {
    const { keys, store, isDenied, revoke } = await startProcess();
    await revoke("k2");
    expect(statesOf(store)).toBe("active revoked staged");
    expect(signerOf(keys)).toBe("k1");
    expect(publishedBy(keys)).toBe("k1 k3");
    expect(await isDenied("k2")).toBe(true);
    expect(store.rows[2]?.activatesAt).toEqual(addSeconds(NOW, R));
  });

  it("a retiring key takes its tokens from those who have them, and no more", async () => {
    const { keys, store, isDenied, openAt, revoke } = await startProcess();
    await openAt(R);
    await revoke("k1");
    expect(statesOf(store)).toBe("revoked active staged");
    expect(signerOf(keys)).toBe("k2");
    expect(publishedBy(keys)).toBe("k2 k3");
    expect(await isDenied("k1")).toBe(true);
  });

  it("one key after the other always leaves one that signs", async () => {
    const { keys, store, revoke } = await startProcess();
    for (const name of ["k1", "k2", "k3", "k4"]) await revoke(name);
    expect(statesOf(store)).toBe("revoked revoked revoked revoked active staged");
    expect(signerOf(keys)).toBe("k5");
  });

  it("a key that nobody here can open works as well, and leaves our own alone", async () => {
    const theirs = await startProcess({ secrets: [OTHER_SECRET] });
    const { clock, store, denials } = theirs;
    const { keys, revoke, isDenied } = await startProcess({ clock, store, denials });
    expect(statesOf(store)).toBe("active staged active staged");
    await revoke("k1");
    expect(statesOf(store)).toBe("revoked staged active staged");
    expect(signerOf(keys)).toBe("k3");
    expect(await isDenied("k1")).toBe(true);
    await theirs.keys.open();
    expect(signerOf(theirs.keys)).toBe("k2");
    expect(statesOf(store)).toBe("revoked active active staged staged");
  });

  it("the only key there is makes a new one at once", async () => {
    const { keys, store, revoke } = await startProcess();
    store.setState(kidOf(store, "k2"), "retired");
    await revoke("k1");
    expect(statesOf(store)).toBe("revoked retired active staged");
    expect(signerOf(keys)).toBe("k3");
  });

  it("takes the place of a rotation that was asked for", async () => {
    const { clock, keys, store, deps, revoke, openAt } = await startProcess();
    await requestRotation(deps, COMMAND_LINE, null);
    clock.advanceSeconds(60);
    await revoke("k1");
    expect(signerOf(keys)).toBe("k2");
    await openAt(900);
    expect(statesOf(store)).toBe("revoked active staged");
  });

  it("does not wait for a new key to be made where another can sign", async () => {
    const { store, deps, revoke } = await startProcess();
    const states: string[] = [];
    const generate = deps.custody.generate.bind(deps.custody);
    vi.spyOn(deps.custody, "generate").mockImplementation((...asked) => {
      states.push(statesOf(store));
      return generate(...asked);
    });
    await revoke("k1");
    await revoke("k3");
    expect(states).toEqual(["revoked active", "revoked active revoked"]);
  });
});

describe("revoking a key of a line that audiences need", () => {
  /** Our own keys are k1 and k2, those of the audiences k3 and k4; all are known to verifiers. */
  async function startWithLines() {
    const process = await startProcess();
    const { keys, store, openAt } = process;
    store.needed = ["EdDSA"];
    for (const seconds of [0, 1000]) await openAt(seconds);
    const signs = async () => nameOf(store, (await keys.keyring.findSignerFor("access_token", "EdDSA")).kid);
    return { ...process, signs };
  }

  it("has the one that is staged there sign in the same transaction, and leaves our own alone", async () => {
    const { store, keys, denylist, isDenied, revoke, signs } = await startWithLines();
    expect(await signs()).toBe("k3");
    const statesWhenTold: string[] = [];
    const publish = denylist.publish.bind(denylist);
    vi.spyOn(denylist, "publish").mockImplementation((denials) => {
      statesWhenTold.push(statesOf(store));
      return publish(denials);
    });
    await revoke("k3");
    expect(statesWhenTold).toEqual(["active staged revoked active"]);
    expect(statesOf(store)).toBe("active staged revoked active staged");
    expect([signerOf(keys), await signs()]).toEqual(["k1", "k4"]);
    expect(await isDenied("k3")).toBe(true);
  });

  it("makes a new one in the same transaction where none is left there", async () => {
    const { store, revoke, signs } = await startWithLines();
    store.setState(kidOf(store, "k4"), "retired");
    await revoke("k3");
    expect(await signs()).toBe("k5");
    expect(store.rows[4]).toMatchObject({ algorithm: "EdDSA", state: "active" });
  });

  it("makes none for another line, though that is without a key and none can be made for it", async () => {
    const { store, deps, revoke, signs } = await startWithLines();
    store.needed = ["EdDSA", "RS256"];
    const generate = deps.custody.generate.bind(deps.custody);
    vi.spyOn(deps.custody, "generate").mockImplementation(async (use, algorithm) => {
      if (algorithm === "RS256") throw new SigningUnavailableError("No RS256 here.");
      return generate(use, algorithm);
    });
    await revoke("k3");
    expect(await signs()).toBe("k4");
    expect(statesOf(store)).toBe("active staged revoked active staged");
  });

  it("that stands in for our own has both lines sign with another", async () => {
    const { store, keys, openAt, revoke, signs } = await startWithLines();
    await revoke("k1");
    await revoke("k2");
    expect([signerOf(keys), await signs()]).toEqual(["k3", "k3"]);
    await revoke("k3");
    expect(keys.keyring.signer.algorithm).toBe("EdDSA");
    expect(await signs()).toBe("k4");
    await openAt(2000);
    expect(keys.keyring.signer.algorithm).toBe("ES256");
    expect(
      statesOf(store)
        .split(" ")
        .filter((state) => state === "active"),
    ).toHaveLength(2);
  });
});

describe("revoking the secret of an audience", () => {
  async function startWithSecrets(count: number) {
    const process = await startProcess();
    const { keys } = process;
    for (let made = 0; made < count; made += 1) await addSecret(keys, "billing", ADMIN);
    const findSigner = () => keys.keyring.findSignerFor(secretUse("billing"), "HS256");
    return { ...process, findSigner };
  }

  it("has the one that waits sign in the same transaction", async () => {
    const { store, keys, denylist, isDenied, revoke, findSigner } = await startWithSecrets(2);
    const publish = vi.spyOn(denylist, "publish").mockImplementation(async () => {
      expect(statesOf(store)).toBe("active staged revoked active");
    });
    await revoke("k3");
    expect(publish).toHaveBeenCalledOnce();
    expect(nameOf(store, (await findSigner()).kid)).toBe("k4");
    expect(keys.keyring.findSecretKeys("billing")).toMatchObject([{ kid: kidOf(store, "k4") }]);
    expect(store.rows[2]?.sealedPrivateKey).toBeNull();
    expect(await isDenied("k3")).toBe(true);
    expect(store.events.find(({ type }) => type === "signing_key.revoked")?.details).toMatchObject({
      audience: "billing",
    });
  });

  it("leaves none where none waits: nobody else has heard of another", async () => {
    const { store, keys, openAt, revoke, findSigner } = await startWithSecrets(1);
    await revoke("k3");
    await openAt(DAY_SECONDS);
    expect(statesOf(store)).toBe("active staged revoked");
    await expect(findSigner()).rejects.toSatisfy(isSigningUnavailable);
    expect((await addSecret(keys, "billing", ADMIN)).signs).toBe(true);
    expect(nameOf(store, (await findSigner()).kid)).toBe("k4");
  });

  it("that waits, or has stopped, leaves the one that signs", async () => {
    const { store, keys, revoke, findSigner } = await startWithSecrets(2);
    await activateSecret(keys, "billing", ADMIN);
    await addSecret(keys, "billing", ADMIN);
    expect(statesOf(store)).toBe("active staged retiring active staged");
    await revoke("k3");
    expect(statesOf(store)).toBe("active staged revoked active staged");
    await revoke("k5");
    expect(statesOf(store)).toBe("active staged revoked active revoked");
    expect(nameOf(store, (await findSigner()).kid)).toBe("k4");
  });

  it("denies it practically without end: no time takes it out of the service", async () => {
    const { clock, isDenied, revoke } = await startWithSecrets(2);
    await revoke("k3");
    clock.moveTo(addSeconds(NOW, 50 * 365 * DAY_SECONDS));
    expect([await isDenied("k3"), await isDenied("k4")]).toEqual([true, false]);
  });

  it("touches no secret of another audience", async () => {
    const { store, keys, revoke } = await startWithSecrets(2);
    await addSecret(keys, "shipping", ADMIN);
    await addSecret(keys, "shipping", ADMIN);
    await revoke("k3");
    expect(statesOf(store)).toBe("active staged revoked active active staged");
  });
});

it("has another key sign in the same transaction, and then tells every instance of the denial", async () => {
  const { store, denylist, denials, isDenied, revoke } = await startProcess();
  const published: [string, unknown][] = [];
  const publish = denylist.publish.bind(denylist);
  vi.spyOn(denylist, "publish").mockImplementation((told) => {
    published.push([statesOf(store), told]);
    return publish(told);
  });
  await revoke("k1");
  const denial = { kind: "kid", value: kidOf(store, "k1"), expiresAt: addSeconds(NOW, 30 * DAY_SECONDS) };
  expect(published).toEqual([["revoked active", [denial]]]);
  denials.isDown = true;
  expect(await isDenied("k1")).toBe(true);
});

describe("a key that a signer outside holds", () => {
  it("is forgotten there as soon as it is revoked, and another one there signs", async () => {
    const clock = new HeldClock(NOW);
    const signer = new FakeSigner(clock);
    const { keys, store, revoke } = await startProcess({ clock, signer });
    await revoke("k1");
    expect(signer.kids.toSorted()).toEqual([kidOf(store, "k2"), kidOf(store, "k3")].toSorted());
    expect(signerOf(keys)).toBe("k2");
    await keys.keyring.signer.sign(Buffer.from("text"));
  });

  it("leaves nothing there that was made in its place and is not needed any more", async () => {
    const clock = new HeldClock(NOW);
    const signer = new FakeSigner(clock);
    const { keys, store, deps, revoke } = await startProcess({ clock, signer });
    const standby = kidOf(store, "k2");
    store.setState(standby, "retired");
    const generate = deps.custody.generate.bind(deps.custody);
    vi.spyOn(deps.custody, "generate").mockImplementationOnce((...asked) => {
      // As if another process had just staged one.
      store.setState(standby, "staged");
      return generate(...asked);
    });
    await revoke("k1");
    expect(signerOf(keys)).toBe("k2");
    expect(statesOf(store)).toBe("revoked active staged");
    expect(signer.kids.toSorted()).toEqual([standby, kidOf(store, "k3")].toSorted());
  });

  it("is revoked also while that signer does not answer", async () => {
    const clock = new HeldClock(NOW);
    const signer = new FakeSigner(clock);
    const { keys, store, isDenied, revoke } = await startProcess({ clock, signer });
    signer.isAway = true;
    await revoke("k1");
    expect(statesOf(store)).toBe("revoked active");
    expect(publishedBy(keys)).toBe("k2");
    expect(await isDenied("k1")).toBe(true);
  });
});

describe("a custody that can make no key", () => {
  const breakCustody = ({ deps }: Awaited<ReturnType<typeof startProcess>>) =>
    vi
      .spyOn(deps.custody, "generate")
      .mockRejectedValue(new SigningUnavailableError("The signer does not answer."));

  it("does not keep a key in use: the staged one signs, and another is staged when it can", async () => {
    const process = await startProcess();
    const { keys, store, isDenied, revoke } = process;
    const broken = breakCustody(process);
    await revoke("k1");
    expect(statesOf(store)).toBe("revoked active");
    expect(signerOf(keys)).toBe("k2");
    expect(await isDenied("k1")).toBe(true);
    broken.mockRestore();
    await keys.open();
    expect(statesOf(store)).toBe("revoked active staged");
  });

  it("does not even where nothing is left to sign with", async () => {
    const process = await startProcess();
    const { keys, store, isDenied, revoke } = process;
    store.setState(kidOf(store, "k2"), "retired");
    const broken = breakCustody(process);
    await revoke("k1");
    expect(statesOf(store)).toBe("revoked retired");
    expect(publishedBy(keys)).toBe("");
    expect(() => keys.keyring.signer).toThrow("no key that signs");
    expect(await isDenied("k1")).toBe(true);
    broken.mockRestore();
    await keys.open();
    expect(signerOf(keys)).toBe("k3");
  });
});

describe("a key that is not in use", () => {
  test.each(["unknown", "", "__proto__", "' OR 1=1 --"])(
    "%j is not found, and nothing changes",
    async (kid) => {
      const { store, deps, denials } = await startProcess();
      const { rows, events } = store;
      await expect(revokeKey(deps, kid, "leaked", ADMIN)).rejects.toMatchObject({ code: "not_found" });
      expect({ rows: store.rows, events: store.events }).toEqual({ rows, events });
      expect((await denials.readSince(null, NOW)).denials).toEqual([]);
    },
  );

  it("is one that was revoked or retired before", async () => {
    const { store, openAt, revoke } = await startProcess();
    await revoke("k1");
    await expect(revoke("k1")).rejects.toMatchObject({ code: "not_found" });
    for (const seconds of [R, R + 990]) await openAt(seconds);
    expect(statesOf(store)).toBe("revoked retired active staged");
    await expect(revoke("k2")).rejects.toMatchObject({ code: "not_found" });
  });

  it("is one that somebody else revokes at the same time: the successor is one", async () => {
    const one = await startProcess();
    const other = await startProcess({ clock: one.clock, store: one.store, denials: one.denials });
    const outcomes = await Promise.allSettled([one.revoke("k1"), other.revoke("k1")]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    await Promise.all([one.keys.open(), other.keys.open()]);
    expect(statesOf(one.store)).toBe("revoked active staged");
  });
});

describe("a revocation that fails", () => {
  it("in the middle leaves the key in use and undenied", async () => {
    const { keys, store, denylist, denials, isDenied, revoke } = await startProcess();
    const publish = vi.spyOn(denylist, "publish");
    denials.isDown = true;
    await expect(revoke("k1")).rejects.toThrow("down");
    denials.isDown = false;
    expect(statesOf(store)).toBe("active staged");
    expect(publish).not.toHaveBeenCalled();
    expect(await isDenied("k1")).toBe(false);
    expect(signerOf(keys)).toBe("k1");
  });
});

it("is recorded with who did it, why, and what the key was", async () => {
  const { store, revoke, openAt } = await startProcess();
  await openAt(60);
  await revoke("k1", "found in a repository", ADMIN);
  const [revoked, activated, staged] = store.events.slice(2);
  expect(revoked).toEqual({
    at: addSeconds(NOW, 60),
    type: "signing_key.revoked",
    actorId: ADMIN.userId,
    userId: null,
    sessionId: ADMIN.sessionId,
    client: ADMIN.client,
    details: {
      kid: kidOf(store, "k1"),
      algorithm: "ES256",
      state: "active",
      reason: "found in a repository",
    },
  });
  expect(activated).toMatchObject({
    type: "signing_key.activated",
    actorId: null,
    details: { kid: kidOf(store, "k2") },
  });
  expect(staged).toMatchObject({ type: "signing_key.staged", details: { kid: kidOf(store, "k3") } });
  await revoke("k3", "", COMMAND_LINE);
  expect(store.events[5]).toMatchObject({
    actorId: null,
    client: null,
    details: { state: "staged", reason: "" },
  });
});
