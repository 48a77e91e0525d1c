import { exportJWK, generateKeyPair, type JWK } from "jose";
import { describe, expect, it, test } from "vitest";
import type { Algorithm } from "@/lib/keys/algorithms";
import { HeldClock } from "@/lib/keys/testing/held-clock";
import { openRemoteKeys, type RemoteKeysOptions } from "./remote-keys";

const NOW = new Date("2026-11-24T12:00:00Z");
const URL_OF_KEYS = "https://login.example.com/.well-known/jwks.json";

async function createJwk(kid: string, algorithm = "ES256"): Promise<JWK> {
  const { publicKey } = await generateKeyPair(algorithm, { extractable: true });
  return { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: "sig" };
}

const one = await createJwk("one");
const two = await createJwk("two");

const json = (value: unknown, headers: Record<string, string> = {}) =>
  Response.json(value, { headers: { "Content-Type": "application/jwk-set+json", ...headers } });

/** An issuer that answers as it is told to, and the keys of a service that asks it. */
function openKeys(changes: Partial<RemoteKeysOptions> = {}, algorithm: Algorithm = "ES256") {
  const clock = new HeldClock(NOW);
  const requests: RequestInit[] = [];
  const problems: string[] = [];
  const issuer = {
    requests,
    answer: async (): Promise<Response> => json({ keys: [one] }),
  };
  const keys = openRemoteKeys({
    algorithm,
    url: URL_OF_KEYS,
    ttlSeconds: 300,
    cooldownSeconds: 30,
    maxStaleSeconds: 3600,
    clock,
    onProblem: (problem) => problems.push(problem),
    fetch: async (_url, init) => {
      requests.push(init ?? {});
      return issuer.answer();
    },
    ...changes,
  });
  const verdict = (kid: string) =>
    keys.findKey(kid).then(
      (key) => (key === null ? "unknown" : "known"),
      () => "unavailable",
    );
  return { keys, clock, issuer, problems, verdict };
}

/** An answer that comes when it is told to. */
function heldAnswer() {
  let resolve = (_response: Response) => {};
  const promise = new Promise<Response>((resolveIt) => {
    resolve = resolveIt;
  });
  return { answer: () => promise, resolve: (response: Response) => resolve(response) };
}

const outage = async () => {
  throw new TypeError("fetch failed");
};

/** Lets everything that needs no more time come to its end. */
const settled = () => new Promise(setImmediate);

describe("asking", () => {
  it("asks once, however many want to know", async () => {
    const { keys, issuer, verdict } = openKeys();
    const verdicts = await Promise.all(["one", "one", "two", "three"].map(verdict));
    expect(verdicts).toEqual(["known", "known", "unknown", "unknown"]);
    expect(await keys.findKey("one")).toMatchObject({ kid: "one", algorithm: "ES256" });
    expect(issuer.requests).toHaveLength(1);
    expect(issuer.requests[0]).toMatchObject({ redirect: "error" });
  });

  it("asks once per cool-down for unknown key ids, however many there are", async () => {
    const { clock, issuer, verdict } = openKeys();
    await verdict("one");
    const flood = () => Promise.all(Array.from({ length: 500 }, (_, index) => verdict(`random-${index}`)));
    expect(new Set(await flood())).toEqual(new Set(["unknown"]));
    clock.advanceSeconds(29);
    await flood();
    expect(issuer.requests).toHaveLength(1);
    clock.advanceSeconds(1);
    await flood();
    expect(issuer.requests).toHaveLength(2);
  });

  it("finds a key that signs before it was known of", async () => {
    const { keys, clock, issuer, verdict } = openKeys();
    await verdict("one");
    issuer.answer = async () => json({ keys: [one, two] });
    clock.advanceSeconds(30);
    const version = keys.version;
    expect(await Promise.all([verdict("two"), verdict("two"), verdict("one")])).toEqual([
      "known",
      "known",
      "known",
    ]);
    expect(keys.version).toBe(version + 1);
    expect(issuer.requests).toHaveLength(2);
  });

  it("looks key ids up and nowhere else", async () => {
    const { verdict } = openKeys();
    for (const kid of ["__proto__", "constructor", "", "../one", "one\0"])
      expect(await verdict(kid)).toBe("unknown");
  });
});

describe("time", () => {
  it("makes nobody wait while it asks again before the keys are too old", async () => {
    const { clock, issuer, keys, verdict } = openKeys();
    await verdict("one");
    const held = heldAnswer();
    issuer.answer = held.answer;
    clock.advanceSeconds(240);
    expect(keys.settle()).toBeNull();
    expect(keys.settle()).toBeNull();
    expect(await verdict("one")).toBe("known");
    expect(issuer.requests).toHaveLength(2);
    held.resolve(json({ keys: [two] }));
    await settled();
    expect(await verdict("one")).toBe("unknown");
    expect(await verdict("two")).toBe("known");
  });

  it("uses no dropped key after its time, also when nobody asked for it meanwhile", async () => {
    const { keys, clock, issuer, verdict } = openKeys();
    await verdict("one");
    issuer.answer = async () => json({ keys: [two] });
    clock.advanceSeconds(300);
    const version = keys.version;
    expect(await verdict("one")).toBe("unknown");
    expect(keys.version).toBe(version + 1);
  });

  it("has whoever has its token in a cache wait too", async () => {
    const { keys, clock, issuer } = openKeys();
    await keys.settle();
    issuer.answer = async () => json({ keys: [two] });
    clock.advanceSeconds(300);
    const version = keys.version;
    await keys.settle();
    expect(keys.version).toBe(version + 1);
    expect(keys.settle()).toBeNull();
  });

  it("counts the age of keys from when they were asked for", async () => {
    const { clock, issuer, keys, verdict } = openKeys();
    const held = heldAnswer();
    issuer.answer = held.answer;
    const first = verdict("one");
    clock.advanceSeconds(4);
    held.resolve(json({ keys: [one] }));
    await first;
    issuer.answer = async () => json({ keys: [two] });
    clock.advanceSeconds(296);
    await keys.settle();
    expect(await verdict("one")).toBe("unknown");
  });

  it("does not take old keys for young ones when the clock is set back", async () => {
    const { clock, issuer, verdict } = openKeys();
    await verdict("one");
    issuer.answer = async () => json({ keys: [two] });
    clock.advanceSeconds(-86_400);
    expect(await verdict("one")).toBe("unknown");
  });
});

describe("an issuer that does not answer", () => {
  it("is done without until the keys are too old, and makes nobody wait", async () => {
    const { clock, issuer, keys, verdict } = openKeys();
    await verdict("one");
    issuer.answer = outage;
    for (let age = 240; age < 3600; age += 30) {
      clock.moveTo(new Date(NOW.getTime() + age * 1000));
      expect(keys.settle()).toBeNull();
      await settled();
    }
    clock.moveTo(new Date(NOW.getTime() + 3_599_000));
    expect(await verdict("one")).toBe("known");
    clock.advanceSeconds(1);
    expect(await verdict("one")).toBe("unavailable");
    expect(issuer.requests.length).toBeLessThan(120);
  });

  it("is asked and waited for again when that was long ago: a key that was dropped meanwhile is not used", async () => {
    const { clock, issuer, verdict } = openKeys();
    await verdict("one");
    issuer.answer = outage;
    clock.advanceSeconds(250);
    await verdict("one");
    await settled();
    issuer.answer = async () => json({ keys: [two] });
    clock.advanceSeconds(3_200);
    expect(await Promise.all([verdict("one"), verdict("one")])).toEqual(["unknown", "unknown"]);
  });

  it("is waited for once it was not asked for a while, so that keys past their time are not used on and on", async () => {
    const { clock, issuer, verdict } = openKeys();
    await verdict("one");
    issuer.answer = outage;
    clock.advanceSeconds(240);
    await verdict("one");
    await settled();
    issuer.answer = async () => json({ keys: [two] });
    clock.advanceSeconds(61);
    expect(await Promise.all([verdict("one"), verdict("one")])).toEqual(["unknown", "unknown"]);
    expect(issuer.requests).toHaveLength(3);
  });

  it("is waited for once when nobody asked for longer than the keys' time", async () => {
    const { clock, issuer, verdict } = openKeys();
    await verdict("one");
    issuer.answer = outage;
    clock.advanceSeconds(600);
    expect(await Promise.all([verdict("one"), verdict("one")])).toEqual(["known", "known"]);
    expect(issuer.requests).toHaveLength(2);
    clock.advanceSeconds(86_400);
    expect(await verdict("one")).toBe("unavailable");
  });

  it("is not waited for again while it hangs, however soon it may be asked", async () => {
    const { clock, issuer, verdict } = openKeys({ cooldownSeconds: 1 });
    await verdict("one");
    clock.advanceSeconds(400);
    issuer.answer = async () => {
      clock.advanceSeconds(5);
      throw new Error("There was no answer in time.");
    };
    expect(await verdict("one")).toBe("known");
    issuer.answer = () => new Promise(() => {});
    clock.advanceSeconds(1);
    expect(await verdict("one")).toBe("known");
  });

  it("leaves unknown keys undecided", async () => {
    const { clock, issuer, verdict } = openKeys();
    await verdict("one");
    issuer.answer = outage;
    clock.advanceSeconds(31);
    expect(await verdict("two")).toBe("unavailable");
    expect(await verdict("three")).toBe("unavailable");
    expect(await verdict("one")).toBe("known");
    expect(issuer.requests).toHaveLength(2);
  });

  it("is believed again as soon as it answers", async () => {
    const { clock, issuer, verdict } = openKeys();
    await verdict("one");
    issuer.answer = outage;
    clock.advanceSeconds(3600);
    expect(await verdict("one")).toBe("unavailable");
    issuer.answer = async () => json({ keys: [two] });
    clock.advanceSeconds(30);
    expect(await verdict("two")).toBe("known");
    expect(await verdict("one")).toBe("unknown");
  });

  it("is told of once, until it answers again", async () => {
    const { clock, issuer, problems, verdict } = openKeys();
    const ask = async () => {
      clock.advanceSeconds(31);
      await verdict("two");
    };
    await verdict("one");
    issuer.answer = outage;
    await ask();
    await ask();
    expect(problems).toEqual([`${URL_OF_KEYS} cannot be read: fetch failed.`]);
    issuer.answer = async () => json({ keys: [one] });
    await ask();
    issuer.answer = outage;
    await ask();
    expect(problems).toHaveLength(2);
  });

  it("is asked again soon while there are no keys at all, and less and less often", async () => {
    const { keys, clock, issuer } = openKeys();
    issuer.answer = outage;
    await expect(keys.settle()).rejects.toThrow(`${URL_OF_KEYS} cannot be read: fetch failed.`);
    await expect(keys.settle()).rejects.toThrow("cannot be read");
    expect(issuer.requests).toHaveLength(1);
    for (let second = 1; second <= 120; second += 1) {
      clock.advanceSeconds(1);
      await keys.settle()?.catch(() => undefined);
    }
    // After 1, 3, 7, 15, 31, 61, 91 seconds.
    expect(issuer.requests).toHaveLength(8);
    issuer.answer = async () => json({ keys: [one] });
    clock.advanceSeconds(30);
    await keys.settle();
  });

  it("is not asked any more once the keys are closed", async () => {
    const { keys, clock, issuer } = openKeys({ fetch });
    keys.close();
    await expect(keys.settle()).rejects.toThrow("closed");
    clock.advanceSeconds(60);
    await expect(keys.settle()).rejects.toThrow("closed");
    expect(issuer.requests).toEqual([]);
  });
});

describe("a bad answer leaves the keys as they are", () => {
  const html = () => new Response("<html>", { headers: { "Content-Type": "text/html" } });
  test.each<[string, () => Response]>([
    ["HTML", html],
    ["an error", () => Response.json({ keys: [two] }, { status: 500 })],
    ["another success", () => Response.json({ keys: [two] }, { status: 203 })],
    ["unchanged, though nothing was known", () => new Response(null, { status: 304 })],
    ["JSON cut off", () => new Response('{"keys":[', { headers: { "Content-Type": "application/json" } })],
    [
      "bytes that are no text",
      () => new Response(new Uint8Array([0xff]), { headers: { "Content-Type": "application/json" } }),
    ],
    ["nothing", () => new Response(null, { headers: { "Content-Type": "application/json" } })],
    ["no keys", () => json({ keys: [] })],
    ["a list", () => json([two])],
    ["keys that are no objects", () => json({ keys: [two, "three"] })],
    ["too much", () => json({ keys: [two], padding: "x".repeat(64 * 1024) })],
  ])("%s", async (_name, answer) => {
    const { keys, clock, issuer, verdict } = openKeys();
    await verdict("one");
    const version = keys.version;
    issuer.answer = async () => answer();
    clock.advanceSeconds(300);
    expect(await verdict("one")).toBe("known");
    expect(await verdict("two")).toBe("unavailable");
    expect(keys.version).toBe(version);
    expect(issuer.requests).toHaveLength(2);
  });
});

const algorithms = ["ES256", "RS256", "EdDSA"] as const;
const ofEach = await Promise.all(algorithms.map((algorithm) => createJwk(algorithm, algorithm)));

describe("which keys are taken", () => {
  test.each(algorithms)("those for %s alone", async (algorithm) => {
    const { issuer, verdict } = openKeys({}, algorithm);
    issuer.answer = async () => json({ keys: ofEach });
    const known = await Promise.all(algorithms.map(async (kid) => [kid, await verdict(kid)]));
    expect(known.filter(([, verdictOfKid]) => verdictOfKid === "known")).toEqual([[algorithm, "known"]]);
  });

  const { alg, use, ...bare } = one;
  test.each<[string, JWK, string]>([
    ["as it should be", one, "known"],
    ["that does not say what it is for", bare, "known"],
    ["with members of no meaning here", { ...one, x5c: ["AA"], nonsense: 1 } as JWK, "known"],
    ["for verifying", { ...one, key_ops: ["verify"] }, "known"],
    ["for encryption", { ...one, use: "enc" }, "unknown"],
    ["for another algorithm", { ...one, alg: "ES384" }, "unknown"],
    ["for wrapping", { ...one, key_ops: ["wrapKey"] }, "unknown"],
    ["of another curve", { ...one, crv: "P-384" }, "unknown"],
    ["of another type", { ...one, kty: "OKP" }, "unknown"],
    ["private", { ...one, d: one.x ?? "" }, "unknown"],
    ["secret", { kty: "oct", k: "AA", kid: "one" }, "unknown"],
    ["off its curve", { ...one, x: one.y ?? "" }, "unknown"],
    ["without a coordinate", { ...bare, y: undefined } as unknown as JWK, "unknown"],
  ])("one %s: %s", async (_name, jwk, expected) => {
    const { issuer, verdict } = openKeys();
    issuer.answer = async () => json({ keys: [jwk, two] });
    expect(await verdict("one")).toBe(expected);
    expect(await verdict("two")).toBe("known");
  });

  it("none of two with one kid", async () => {
    const { issuer, verdict } = openKeys();
    issuer.answer = async () => json({ keys: [{ ...two, kid: "one" }, one, two] });
    expect(await verdict("one")).toBe("unknown");
    expect(await verdict("two")).toBe("known");
  });

  test.each([1, null, {}])("none with the kid %j", async (kid) => {
    const { issuer, verdict } = openKeys();
    issuer.answer = async () => json({ keys: [{ ...one, kid }, two] });
    expect(await verdict(String(kid))).toBe("unknown");
    expect(await verdict("two")).toBe("known");
  });
});
