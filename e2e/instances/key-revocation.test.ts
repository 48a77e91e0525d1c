import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { untilReadyz, WELL } from "./faults/support/health";
import { type Scene, sceneOfFile, takeDown } from "./faults/support/scene";
import type { Cluster, Instance, Server } from "./support/cluster";
import { printFigures } from "./support/figures";
import { createVerifiers, Verifications } from "./support/jwks-verifiers";
import { KeyWatch } from "./support/key-watch";
import { keyIn } from "./support/signing-keys";
import { gatherPeople, Traffic, whileAtWork } from "./support/traffic";
import { signedIn, type Visitor } from "./support/visitor";

/** A compromised key: nothing that it has signed, or signs yet, is accepted, and nobody has to sign in again. */
const PEOPLE = 6;
const PAUSE_MS = 15;
const LONG = { timeout: 300_000 };

/** What is denied is read every so often where the mode is `replica`; `strict` asks each time. */
const READ_MS = 1_000;
const REPLICA = 2;

const currentScene = sceneOfFile({
  instances: 3,
  envOf: (index) => ({ REVOCATION: index === REPLICA ? "replica" : "strict" }),
});

interface Fault {
  name: string;
  /** Comes right before the revocation, so that no instance has noticed. */
  begin(scene: Scene): Promise<unknown>;
  /** Who is told to revoke. */
  at: number;
}

const FAULTS: readonly Fault[] = [
  { name: "all well", begin: async () => {}, at: 1 },
  { name: "Redis stopped", begin: ({ redis }) => takeDown(redis), at: 1 },
  { name: "told where Redis is out of reach", begin: async ({ redis }) => redis.links[0]?.hang(), at: 0 },
];

test.each(FAULTS)("the key that signs is revoked under load, $name", LONG, async ({ name, begin, at }) => {
  const scene = currentScene();
  const { cluster } = scene;
  await untilReadyz(cluster.instances, WELL);
  const [{ kid: compromised }, standby] = [await keyIn(cluster, "active"), await keyIn(cluster, "staged")];
  const isCompromised = ({ kid }: { kid: string }) => kid === compromised;
  const admin = await signedIn(cluster.instance(at));
  const verifications = await verifyWithoutAskingAgain(cluster);
  const people = await gatherPeople(cluster.instance(0), PEOPLE);
  const traffic = new Traffic(cluster.instances, people, (token) => verifications.check(token));
  const watch = new KeyWatch(cluster.instances, compromised, () => traffic.issued.filter(isCompromised));
  const reason = `found in a backup (${name})`;
  let revokedAt = 0;
  await whileAtWork(cluster, traffic, async () => {
    await traffic.untilEachSigns(isCompromised);
    await watch.untilRoundIsOver();
    await begin(scene);
    expect(await revoke(compromised, reason, admin, cluster.instance(at))).toBe(standby.kid);
    revokedAt = performance.now();
    await traffic.untilEachSigns((token) => !isCompromised(token));
    while (performance.now() < revokedAt + READ_MS) await pause(PAUSE_MS);
    await watch.untilRoundIsOver();
    await watch.untilUnpublished();
  }).finally(() => watch.end());

  const replica = cluster.instance(REPLICA);
  const boundMs = (by: Server) => (by === replica ? READ_MS : 0);
  const isLate = ({ by, sentAt }: Asked) => sentAt > revokedAt + boundMs(by);
  const tried = watch.presented.filter(isLate);
  const notRefused = tried.filter(({ status }) => status !== 401);
  const accepted = watch.presented.filter(({ status }) => status === 200);
  const published = watch.published.filter(({ isThere }) => isThere);
  const signed = traffic.issued.filter(isCompromised);
  printFigures(
    [
      `key revoked, ${name}: its tokens presented ${tried.length} times, ${notRefused.length} not refused`,
      `last accepted ${lastAfter(revokedAt, accepted)} ms after, signed with ${lastAfter(revokedAt, signed)} ms, published ${lastAfter(revokedAt, published)} ms`,
      `${traffic.requests} requests of people, ${traffic.interrupted.length} had to be sent again, 0 logged out`,
    ].join("; "),
  );
  expect(notRefused).toEqual([]);
  expect(signed.filter(isLate)).toEqual([]);
  expect(verifications.failures.slice(0, 10)).toEqual([]);
  expect(traffic.interrupted.filter(isLate), "only what was under way as the key was revoked").toEqual([]);
  const recorded = await cluster.sql(
    `SELECT actor_id AS actor, details ->> 'reason' AS reason FROM audit_events
     WHERE type = 'signing_key.revoked' AND details ->> 'kid' = $1`,
    [compromised],
  );
  expect(recorded).toEqual([{ actor: admin.userId, reason }]);
});

/** Returns the key that signs from then on, as the instance says. */
async function revoke(kid: string, reason: string, admin: Visitor, at: Instance): Promise<string> {
  const answer = await admin.request(at, "POST", `/api/admin/keys/${kid}/revoke`, { body: { reason } });
  expect(answer.status, answer.body).toBe(200);
  return answer.json<{ signingKid: string }>().signingKid;
}

/** As services that have the JWKS and keep it: the key that takes over has to be one that they have heard of. */
async function verifyWithoutAskingAgain({ instances }: Cluster): Promise<Verifications> {
  const keepMs = Number.POSITIVE_INFINITY;
  return new Verifications(await createVerifiers({ servers: instances, keepMs, count: 3 }));
}

interface Asked {
  by: Server;
  sentAt: number;
}

/** How many milliseconds after `from` the last of these was sent; 0 when none was. */
const lastAfter = (from: number, asked: readonly Asked[]): number =>
  Math.round(Math.max(0, ...asked.map(({ sentAt }) => sentAt - from)));
