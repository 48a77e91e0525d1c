import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { ADMIN, type Cluster, startCluster } from "./support/cluster";
import { printFigures } from "./support/figures";
import { type Attempt, attempt as attemptAt, countStatuses, guessUntilLimited } from "./support/guessing";
import { freshAddress, joined, newPerson, signedIn, Visitor } from "./support/visitor";

/** The limits of `lib/policy/rate-limits.ts`, as three instances keep them together. */
const PER_ACCOUNT_AND_ADDRESS = 10;
const PER_ACCOUNT = 100;
const PER_ADDRESS = 100;
const SIGN_UPS_PER_ADDRESS = 20;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ count: 3 });
});

afterAll(async () => {
  await cluster.stop();
});

const attempt = (what: Attempt) => attemptAt(cluster, what);

describe("limits of all instances together", () => {
  test.each([
    ["one instance", () => 0],
    ["three instances", (index: number) => index],
  ])("guesses at one account from one address through %s are refused from the eleventh on", async (_, at) => {
    const [email, from] = [ADMIN.email, freshAddress()];
    const limitedAt = await guessUntilLimited(15, (index) => attempt({ email, from, at: at(index) }));
    expect(limitedAt).toBe(PER_ACCOUNT_AND_ADDRESS + 1);
    for (const instance of [0, 1, 2]) {
      expect((await attempt({ ...ADMIN, from, at: instance })).status, "the right password").toBe(429);
    }
    expect((await attempt({ ...ADMIN, at: 1 })).status, "from elsewhere").toBe(200);
  });

  test("parallel guesses through three instances do not slip past", async () => {
    const [email, from] = [newPerson().email, freshAddress()];
    const statuses = await countStatuses(60, (at) => attempt({ email, from, at }));
    expect(statuses).toEqual({ 401: PER_ACCOUNT_AND_ADDRESS, 429: 60 - PER_ACCOUNT_AND_ADDRESS });
  });

  test("guesses at many accounts from one address are refused beyond a hundred", async () => {
    const from = freshAddress();
    const guess = (at: number) => attempt({ email: `nobody${at}@example.com`, from, at });
    expect(await countStatuses(130, guess)).toEqual({ 401: PER_ADDRESS, 429: 130 - PER_ADDRESS });
    expect((await attempt({ ...ADMIN, from, at: 1 })).status, "the right password").toBe(429);
  });

  test("sign-ups from one address are refused beyond twenty", async () => {
    const headers = { "x-forwarded-for": freshAddress() };
    const signUp = (at: number) =>
      cluster.instance(at).request("POST", "/api/auth/signup", { headers, body: newPerson() });
    expect(await countStatuses(25, signUp)).toEqual({
      201: SIGN_UPS_PER_ADDRESS,
      429: 25 - SIGN_UPS_PER_ADDRESS,
    });
  });
});

describe("where a request comes from", () => {
  const countedAsOne = (from: (index: number) => string) => {
    const { email } = newPerson();
    return guessUntilLimited(15, (index) => attempt({ email, from: from(index), at: index }));
  };

  test("addresses of one IPv6 /64 are one address, and the next /64 is another", async () => {
    const { email } = newPerson();
    const inOneNetwork = (index: number) => `2001:db8:7:7:${index.toString(16)}::${(index * 9).toString(16)}`;
    const limitedAt = await guessUntilLimited(15, (index) =>
      attempt({ email, from: inOneNetwork(index), at: index }),
    );
    expect(limitedAt).toBe(PER_ACCOUNT_AND_ADDRESS + 1);
    expect((await attempt({ email, from: "2001:db8:7:8::1", at: 2 })).status).toBe(401);
  });

  test("of X-Forwarded-For only what the trusted proxy wrote counts", async () => {
    const address = freshAddress();
    expect(await countedAsOne((index) => `203.0.113.${index}, ${address}`)).toBe(PER_ACCOUNT_AND_ADDRESS + 1);
  });

  test("X-Forwarded-For from anybody else is not believed", async () => {
    const trusting = cluster;
    cluster = await startCluster({ count: 1, env: { TRUSTED_PROXIES: "192.0.2.0/24" } });
    try {
      expect(await countedAsOne((index) => `203.0.113.${index}`)).toBe(PER_ACCOUNT_AND_ADDRESS + 1);
    } finally {
      await cluster.stop();
      cluster = trusting;
    }
  });
});

describe("an owner whose account a stranger guesses at", () => {
  let owner: Visitor;

  beforeAll(async () => {
    owner = await joined(cluster.instance(0));
    const { email } = owner.person;
    const guess = (at: number) => attempt({ email, at });
    expect(await countStatuses(PER_ACCOUNT + 30, guess)).toEqual({ 401: PER_ACCOUNT, 429: 30 });
    for (const at of [0, 1, 2]) {
      const stranger = await attempt({ ...owner.person, at });
      expect(stranger.status, "the right password from a place nobody knows").toBe(429);
    }
  });

  test("stays signed in, and signs in anew from the network and with the browser that are known", async () => {
    for (const instance of cluster.instances) expect(await owner.session(instance)).toBe(200);
    const onTheRoad = new Visitor(owner.person);
    for (const [name, value] of owner.cookies) onTheRoad.cookies.set(name, value);
    await onTheRoad.signIn(cluster.instance(1));
    await signedIn(cluster.instance(2), owner.person, { address: owner.address });
  });

  test("has thereby ended the alarm for every instance", async () => {
    expect(await countStatuses(3, (at) => attempt({ ...owner.person, at }))).toEqual({ 200: 3 });
  });
});

describe("a limiter whose table cannot be used", () => {
  let worker: Visitor;

  beforeAll(async () => {
    worker = await signedIn(cluster.instance(0));
  });

  /** Many sign in at once, at every instance, while others are at work. */
  async function expectService(): Promise<void> {
    const began = performance.now();
    const signIns = Array.from({ length: 24 }, async (_, at) => {
      const answer = await attempt({ ...ADMIN, at });
      return { status: answer.status, ms: performance.now() - began };
    });
    const atWork = Array.from({ length: 24 }, (_, at) => worker.session(cluster.instance(at)));
    const results = await Promise.all(signIns);
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(await Promise.all(atWork))).toEqual(new Set([200]));
    const slowestMs = Math.max(...results.map(({ ms }) => ms));
    printFigures(
      `24 sign-ins at once without the limiter's table: the slowest took ${slowestMs.toFixed(0)} ms`,
    );
  }

  async function expectGuessesLimited(): Promise<void> {
    const [{ email }, from] = [newPerson(), freshAddress()];
    const limitedAt = await guessUntilLimited(15, () => attempt({ email, from, at: 1 }));
    expect(limitedAt, "at one instance").toBe(PER_ACCOUNT_AND_ADDRESS + 1);
    const statuses = await countStatuses(60, (at) => attempt({ email, from, at }));
    expect(statuses[401] ?? 0, "at the two others").toBeLessThanOrEqual(2 * PER_ACCOUNT_AND_ADDRESS);
    expect(Object.keys(statuses).filter((status) => status !== "401")).toEqual(["429"]);
  }

  /** Soon after: an instance may wait a little before it asks again. */
  const expectSharedAgain = () =>
    vi.waitFor(
      async () => {
        const [{ email }, from] = [newPerson(), freshAddress()];
        const limitedAt = await guessUntilLimited(15, (index) => attempt({ email, from, at: index }));
        expect(limitedAt, "once the table is back").toBe(PER_ACCOUNT_AND_ADDRESS + 1);
      },
      { timeout: 20_000 },
    );

  test("because it is gone, takes no sign-in down, and each instance limits by itself", async () => {
    await cluster.sql("ALTER TABLE rate_limits RENAME TO rate_limits_gone");
    try {
      await expectService();
      await expectGuessesLimited();
    } finally {
      await cluster.sql("ALTER TABLE rate_limits_gone RENAME TO rate_limits");
    }
    await expectSharedAgain();
  });

  test("because somebody has locked it, takes no sign-in down, and each instance limits by itself", async () => {
    const other = new Client({ connectionString: cluster.databaseUrl });
    await other.connect();
    await other.query("BEGIN; LOCK TABLE rate_limits IN ACCESS EXCLUSIVE MODE");
    try {
      await expectService();
      await expectGuessesLimited();
    } finally {
      await other.end();
    }
    await expectSharedAgain();
  });
});
