import { afterAll, beforeAll, expect, test } from "vitest";
import { JWKS_MAX_AGE_SECONDS, JWKS_STALE_SECONDS, KEY_STAGED_SECONDS } from "@/lib/config/durations";
import { freshRedis, type TestRedis } from "../support/fresh-redis";
import { type Cluster, startCluster } from "./support/cluster";
import { printFigures } from "./support/figures";
import { createVerifiers, JWKS_PATH, Verifications, type Verifier } from "./support/jwks-verifiers";
import { endRetiring, type KeyRow, keyIn, listKeys, rotateNow, stageEarlier } from "./support/signing-keys";
import { gatherPeople, type IssuedToken, Traffic, whileAtWork } from "./support/traffic";
import { signedIn, type Visitor } from "./support/visitor";

/** Time passes so much faster here: a key is staged for 7.5 s, and the JWKS is kept for as much shorter. */
const FASTER = 120;
const faster = (seconds: number): number => (seconds * 1_000) / FASTER;

/** What services do with a JWKS whose max-age is 300 s; the last is jose's own default. */
const KEPT_SECONDS = [JWKS_MAX_AGE_SECONDS, JWKS_MAX_AGE_SECONDS + JWKS_STALE_SECONDS, 600];
const VERIFIERS_OF_EACH = 4;
const PEOPLE = 6;
const LONG = { timeout: 300_000 };
const TOKENS_OF_EACH = 60;

let redis: TestRedis;
let cluster: Cluster;
let admin: Visitor;

beforeAll(async () => {
  redis = await freshRedis();
  cluster = await startCluster({ count: 3, redisUrl: redis.url });
  admin = await signedIn(cluster.instance(0));
});

afterAll(async () => {
  await cluster.stop();
  await redis.close();
});

async function verifiersOfAllKinds(): Promise<Verifier[]> {
  const kinds = KEPT_SECONDS.map((seconds) =>
    createVerifiers({ servers: cluster.instances, keepMs: faster(seconds), count: VERIFIERS_OF_EACH }),
  );
  return (await Promise.all(kinds)).flat();
}

/** Says of each instance which keys it publishes. */
async function published(): Promise<string[][]> {
  const answers = cluster.instances.map((instance) => instance.request("GET", JWKS_PATH));
  return (await Promise.all(answers)).map((answer) =>
    answer.json<{ keys: { kid: string }[] }>().keys.map(({ kid }) => kid),
  );
}

test(
  "live rotations under load: no verifier that keeps the JWKS refuses a token, and nobody is logged out",
  LONG,
  async () => {
    const began = performance.now();
    const [first, second] = [await keyIn(cluster, "active"), await keyIn(cluster, "staged")];
    const verifications = new Verifications(await verifiersOfAllKinds());
    const people = await gatherPeople(cluster.instance(1), PEOPLE);
    const traffic = new Traffic(cluster.instances, people, (token) => verifications.check(token));
    const enough = ({ kid }: KeyRow) =>
      traffic.until(() => traffic.issued.filter((token) => token.kid === kid).length >= TOKENS_OF_EACH);
    let third = second;
    await whileAtWork(cluster, traffic, async () => {
      await enough(first);
      await stageEarlier(cluster, second.kid);
      expect(await rotateNow(admin, cluster.instance(0))).toMatchObject({ kid: second.kid });
      await traffic.untilEachSigns(({ kid }) => kid === second.kid);

      // From here on nobody can have heard of the key that will sign unless he asks again.
      const next = await keyIn(cluster, "staged");
      await stageEarlier(cluster, next.kid, KEY_STAGED_SECONDS - faster(KEY_STAGED_SECONDS) / 1_000);
      third = await keyIn(cluster, "staged");
      const signsFrom = new Date(third.created_at.getTime() + KEY_STAGED_SECONDS * 1_000);
      expect(await rotateNow(admin, cluster.instance(1))).toEqual({ kid: third.kid, signsFrom });
      await expectToForesee(signsFrom);
      await traffic.untilEachSigns(({ kid }) => kid === third.kid);
      await enough(third);
    });

    for (const [name, used] of Object.entries({ first, second, third })) {
      const { issued = 0, verified = 0 } = verifications.tallies.get(used.kid) ?? {};
      printFigures(`rotation, ${name} key: ${issued} tokens issued, ${verified} verifications`);
    }
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    printFigures(
      `rotation: ${traffic.requests} requests, ${traffic.failures.length} refused; ${verifications.verified} verifications by ${KEPT_SECONDS.length * VERIFIERS_OF_EACH} verifiers, ${verifications.failures.length} failed (${seconds} s)`,
    );
    expect(verifications.failures.slice(0, 10)).toEqual([]);
    expect(traffic.interrupted).toEqual([]);
    const fourth = await keyIn(cluster, "staged");
    const states = Object.fromEntries((await listKeys(cluster)).map(({ kid, state }) => [kid, state]));
    expect(states, "each rotation has made one key").toEqual({
      [first.kid]: "retiring",
      [second.kid]: "retiring",
      [third.kid]: "active",
      [fourth.kid]: "staged",
    });
    await expectToBeGoodUntilRetired(first.kid, traffic.issued);
  },
);

/** Once an instance knows when the JWKS will change, it lets nobody keep it for longer. */
async function expectToForesee(change: Date): Promise<void> {
  const keptTooLong = async () => {
    const answers = cluster.instances.map(async (instance) => {
      const askedAt = Date.now();
      const { headers } = await instance.request("GET", JWKS_PATH);
      const [, seconds] = /max-age=(\d+)/.exec(headers["cache-control"] ?? "") ?? [];
      return askedAt + Number(seconds) * 1_000 > change.getTime();
    });
    return (await Promise.all(answers)).filter((isTooLong) => isTooLong).length;
  };
  await expect.poll(keptTooLong, { timeout: 5_000 }).toBe(0);
}

/** A key that signs no more is published, and its tokens are accepted, until its time is over. */
async function expectToBeGoodUntilRetired(kid: string, issued: readonly IssuedToken[]): Promise<void> {
  const bearer = issued.findLast((token) => token.kid === kid)?.text ?? "";
  for (const instance of cluster.instances) {
    expect((await instance.request("GET", "/api/sessions?limit=1", { bearer })).status).toBe(200);
  }
  for (const kids of await published()) expect(kids).toContain(kid);
  await endRetiring(cluster, kid);
  await expect
    .poll(published, { timeout: 10_000 })
    .toEqual(cluster.instances.map(() => expect.not.arrayContaining([kid])));
}
