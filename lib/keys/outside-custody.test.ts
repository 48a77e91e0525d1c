import { createLocalJWKSet, jwtVerify } from "jose";
import { beforeEach, describe, expect, it, test } from "vitest";
import { SIGNER_KEEP_SECONDS } from "@/lib/config/durations";
import { issueAccessToken, type TokenSubject } from "@/lib/tokens/issue";
import { ownProfile } from "@/lib/tokens/profiles";
import { SigningUnavailableError } from "./custody";
import { OutsideCustody } from "./outside-custody";
import { sweepSigner } from "./sweep-signer";
import { FakeSigner } from "./testing/fake-signer";
import { HeldClock } from "./testing/held-clock";
import { createRecord } from "./testing/key-records";
import { nameOf, signerOf, statesOf } from "./testing/key-story";
import { createTestKeys, TEST_SCHEDULE, type TestKeys } from "./testing/test-keys";

const NOW = new Date("2026-11-24T12:00:00Z");
const DATA = Buffer.from("signed");

let clock: HeldClock;
let signer: FakeSigner;
let keys: TestKeys;

beforeEach(async () => {
  clock = new HeldClock(NOW);
  signer = new FakeSigner(clock);
  keys = createTestKeys({ clock, signer });
  await keys.open();
});

/** Another process on the same keys. */
const anotherProcess = () => createTestKeys({ clock, store: keys.store, signer });
/** The next two readings of the keys: the first may have the signer asked, the second knows what it said. */
async function readTwice(process = keys): Promise<void> {
  await process.open();
  await process.open();
}
const sweep = async () => sweepSigner(keys.outside ?? never(), keys.keyring);
const heldNames = () => signer.kids.map((kid) => nameOf(keys.store, kid)).join(" ");
const never = (): never => {
  throw new Error("There is a signer.");
};

describe("keys that a signer outside holds", () => {
  it("are made there, and nothing of their private parts is here", () => {
    expect(statesOf(keys.store)).toBe("active staged");
    expect(heldNames()).toBe("k1 k2");
    for (const { custody, sealedPrivateKey, publicJwk } of keys.store.rows) {
      expect({ custody, sealedPrivateKey }).toEqual({
        custody: `signer:${signer.id}`,
        sealedPrivateKey: null,
      });
      expect(Object.keys(publicJwk).toSorted()).toEqual(["crv", "kty", "x", "y"]);
    }
  });

  it("sign tokens that others verify by the JWKS, and each signature is timed", async () => {
    const origin = "http://localhost:3000";
    const subject = { userId: "u", sessionId: "s", generation: 1, role: "user" } as const;
    const dates: Pick<TokenSubject, "authenticatedAt" | "sessionExpiresAt"> = {
      authenticatedAt: NOW,
      sessionExpiresAt: new Date("2026-12-24T12:00:00Z"),
    };
    const by = await keys.keyring.findSigner();
    const { accessToken } = await issueAccessToken(
      { ...subject, ...dates },
      origin,
      ownProfile("ES256", 600),
      by,
      NOW,
    );
    const verifyBy = createLocalJWKSet(JSON.parse(keys.keyring.jwks.body));
    const { payload } = await jwtVerify(accessToken, verifyBy, { issuer: origin, currentDate: NOW });
    expect(payload.sub).toBe("u");
    expect(keys.signed).toEqual([[by.kid, expect.any(Number)]]);
  });

  it("are found by a process that starts later, and that have been made since by one that runs", async () => {
    const other = anotherProcess();
    await other.open();
    expect(signerOf(other)).toBe("k1");
    clock.advanceSeconds(TEST_SCHEDULE.rotationSeconds);
    await other.open();
    await keys.open();
    expect(signerOf(keys)).toBe("k2");
    expect(keys.problems).toEqual([]);
    expect(statesOf(keys.store)).toBe("retiring active staged");
  });

  it("cost the signer no call while they only sign", async () => {
    const before = signer.calls.list;
    for (let reads = 0; reads < 10; reads += 1) await keys.open();
    await keys.keyring.signer.sign(DATA);
    expect(signer.calls).toMatchObject({ list: before });
  });
});

describe("a signer that is away for a while", () => {
  const goAway = async () => {
    signer.isAway = true;
    await expect(keys.keyring.signer.sign(DATA)).rejects.toThrow(SigningUnavailableError);
    await readTwice();
  };

  it("takes no key out of its place, is reported once, and signs again when it is back", async () => {
    const { rows } = keys.store;
    const before = structuredClone(rows);
    await goAway();
    await expect(keys.keyring.findSigner()).rejects.toThrow(SigningUnavailableError);
    await readTwice();
    expect(keys.store.rows).toEqual(before);
    const [active, staged] = before.map(({ kid }) => kid);
    const says = (kid = "") =>
      `Signing key ${kid} cannot sign: the signer at /run/signer.sock does not answer. Start it, or correct SIGNER_SOCKET.`;
    expect(keys.problems).toEqual([says(active), says(staged)]);
    signer.isAway = false;
    await readTwice();
    expect(keys.store.rows).toEqual(before);
    expect(keys.keyring.keys.map(({ problem }) => problem)).toEqual([null, null]);
    await keys.keyring.signer.sign(DATA);
  });

  it("is not one of which a single signature has failed", async () => {
    signer.sign = () => Promise.reject(new Error("too late"));
    await expect(keys.keyring.signer.sign(DATA)).rejects.toThrow(SigningUnavailableError);
    signer.sign = FakeSigner.prototype.sign;
    await readTwice();
    expect(keys.problems).toEqual([]);
    await keys.keyring.signer.sign(DATA);
  });

  it("keeps nobody from verifying, nor from reading the keys while it has a call and does not answer", async () => {
    await goAway();
    signer.isHanging = true;
    await keys.keyring.load();
    await keys.keyring.load();
    expect(await keys.keyring.findVerificationKey(keys.store.rows[0]?.kid ?? "")).not.toBeNull();
  });

  it("is waited for by a process that starts meanwhile: no key takes the place of those that it holds", async () => {
    signer.isAway = true;
    const other = anotherProcess();
    await expect(other.open()).rejects.toThrow(SigningUnavailableError);
    await expect(other.open()).rejects.toThrow(SigningUnavailableError);
    expect(() => other.keyring.signer).toThrow(SigningUnavailableError);
    signer.isAway = false;
    await other.open();
    expect(signerOf(other)).toBe("k1");
    expect(statesOf(keys.store)).toBe("active staged");
    expect(heldNames()).toBe("k1 k2");
  });

  it("is waited for by the very first process", async () => {
    signer = new FakeSigner(clock);
    signer.isAway = true;
    keys = createTestKeys({ clock, signer });
    await expect(keys.open()).rejects.toThrow(SigningUnavailableError);
    expect(keys.store.rows).toEqual([]);
    signer.isAway = false;
    await keys.open();
    expect(statesOf(keys.store)).toBe("active staged");
  });
});

describe("a signer that has lost a key", () => {
  it("is found out by the first signature; the staged key signs from then on", async () => {
    const [lost = ""] = signer.kids;
    signer.held.delete(lost);
    await expect(keys.keyring.signer.sign(DATA)).rejects.toThrow(SigningUnavailableError);
    await keys.open();
    expect(signerOf(keys)).toBe("k2");
    expect(keys.problems).toEqual([expect.stringMatching(`Signing key ${lost} .* has lost it`)]);
    await keys.keyring.signer.sign(DATA);
    expect(await keys.keyring.findVerificationKey(lost)).not.toBeNull();
  });

  it("is found out by the sweep where that key is the staged one, long before it has to sign", async () => {
    signer.held.delete(signer.kids[1] ?? "");
    await sweep();
    await keys.open();
    expect(signerOf(keys)).toBe("k1");
    expect(statesOf(keys.store)).toBe("active retired staged");
    expect(heldNames()).toBe("k1 k3");
  });

  it("may have lost them all: a new key signs, and the others still verify", async () => {
    const kids = signer.kids;
    signer.held.clear();
    await expect(keys.keyring.signer.sign(DATA)).rejects.toThrow(SigningUnavailableError);
    await keys.open();
    expect(statesOf(keys.store)).toBe("retiring retired active staged");
    await keys.keyring.signer.sign(DATA);
    expect(await keys.keyring.findVerificationKey(kids[0] ?? "")).not.toBeNull();
  });

  it("has not lost the one that was made while it was being asked", async () => {
    const outside = new OutsideCustody(signer);
    const before = await signer.list();
    let deliver = () => {};
    signer.list = () =>
      new Promise((resolve) => {
        deliver = () => resolve(before);
      });
    void outside.look();
    signer.list = FakeSigner.prototype.list;
    const assessed = outside.assess(await createRecord(keys.custody, "ES256"));
    deliver();
    expect(await assessed).toEqual({ standing: "preferred", problem: null });
  });
});

it("another signer in its place is not taken for it: a key of its own signs, the others are reported", async () => {
  signer.replace();
  await expect(keys.keyring.signer.sign(DATA)).rejects.toThrow(SigningUnavailableError);
  await keys.open();
  expect(signerOf(keys)).toBe("k3");
  expect(keys.store.rows[2]?.custody).toBe(`signer:${signer.id}`);
  expect(heldNames()).toBe("k3 k4");
  expect(keys.problems).toHaveLength(2);
  expect(keys.problems[0]).toContain("is another than the one that holds it");
  expect(await keys.keyring.findVerificationKey(keys.store.rows[0]?.kid ?? "")).not.toBeNull();
});

describe("a key that has stopped", () => {
  it("can be signed with by those who have not heard of it yet, and is forgotten a little later", async () => {
    const late = anotherProcess();
    await late.open();
    clock.advanceSeconds(TEST_SCHEDULE.rotationSeconds);
    await keys.open();
    await sweep();
    expect(statesOf(keys.store)).toBe("retiring active staged");
    await late.keyring.signer.sign(DATA);
    expect(late.signed).toEqual([[keys.store.rows[0]?.kid, expect.any(Number)]]);
    clock.advanceSeconds(SIGNER_KEEP_SECONDS);
    await sweep();
    expect(heldNames()).toBe("k1 k2 k3");
    clock.advanceSeconds(1);
    await sweep();
    expect(heldNames()).toBe("k2 k3");
    expect(keys.problems).toEqual([]);
  });

  it("is forgotten when it is retired, whoever sweeps", async () => {
    clock.advanceSeconds(TEST_SCHEDULE.rotationSeconds);
    await keys.open();
    clock.advanceSeconds(TEST_SCHEDULE.retiringSeconds);
    await keys.open();
    expect(heldNames()).toBe("k2 k3");
  });
});

describe("a key without a record", () => {
  it("is forgotten after an hour, and no other", async () => {
    await signer.generate("ES256");
    const elsewhere = await signer.for("them").generate("ES256");
    clock.advanceSeconds(3600);
    await sweep();
    expect(signer.held.size).toBe(4);
    clock.advanceSeconds(1);
    await sweep();
    expect(signer.kids).toEqual([...keys.store.rows.map(({ kid }) => kid), elsewhere.kid]);
  });

  it("is left alone while the records cannot be read", async () => {
    await signer.generate("ES256");
    clock.advanceSeconds(7200);
    keys.store.isDown = true;
    await expect(sweep()).rejects.toThrow("cannot be reached");
    expect(signer.held.size).toBe(3);
  });
});

describe("a signer that does not do as it should", () => {
  /** What comes of a key that it makes now. */
  const generate = () => keys.custody.generate("access_token", "ES256");
  const generateAs = (change: (key: Awaited<ReturnType<FakeSigner["generate"]>>) => object) => {
    const make = signer.generate.bind(signer);
    signer.generate = async (algorithm) => {
      const key = await make(algorithm);
      return { ...key, ...change(key) };
    };
  };

  test.each<[string, () => void]>([
    ["a kid that is not the thumbprint", () => generateAs(() => ({ kid: keys.store.rows[0]?.kid }))],
    [
      "the public part of another key",
      () => generateAs(() => ({ publicJwk: keys.store.rows[0]?.publicJwk })),
    ],
    ["no public key", () => generateAs(() => ({ publicJwk: { kty: "EC" } }))],
    [
      "a key of another algorithm",
      () => {
        const make = signer.generate.bind(signer);
        signer.generate = () => make("EdDSA");
      },
    ],
    [
      "signatures of another key",
      () => {
        signer.sign = async () => new Uint8Array(64).fill(1);
      },
    ],
    [
      "signatures in ASN.1",
      () => {
        signer.distort = (signature) => Buffer.concat([Buffer.from([0x30, 0x44]), signature]);
      },
    ],
  ])("%s: the key is not taken", async (_name, misbehave) => {
    misbehave();
    await expect(generate()).rejects.toThrow(SigningUnavailableError);
  });

  it("discards what was not taken", async () => {
    signer.distort = (signature) => signature.slice(1);
    await expect(generate()).rejects.toThrow("does not sign ES256 as it should");
    expect(signer.held.size).toBe(2);
  });

  it("a private part that it hands out all the same is dropped", async () => {
    generateAs(({ publicJwk }) => ({ publicJwk: { ...publicJwk, d: "private", k: "private" } }));
    expect(JSON.stringify(await generate())).not.toContain("private");
  });

  it("a signature of another length is none", async () => {
    const { sign } = keys.keyring.signer;
    for (const bytes of [0, 63, 65]) {
      signer.distort = () => new Uint8Array(bytes);
      await expect(sign(DATA)).rejects.toThrow(SigningUnavailableError);
    }
  });

  test.each(["RS256", "EdDSA"] as const)(
    "signatures of %s have the length of their keys",
    async (algorithm) => {
      const own = createTestKeys({ clock, signer: new FakeSigner(clock), algorithm });
      await own.open();
      expect(await own.keyring.signer.sign(DATA)).toHaveLength(algorithm === "RS256" ? 384 : 64);
    },
  );
});
