import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNode } from "../support/running-process";
import { untilReadyz, WELL } from "./faults/support/health";
import { type Cluster, type Instance, startCluster } from "./support/cluster";
import { printFigures } from "./support/figures";
import { createVerifiers, type Verifier } from "./support/jwks-verifiers";
import { type RunningProxy, startProxy } from "./support/proxy";
import { keyIn, listKeys, stageEarlier } from "./support/signing-keys";
import { gatherPeople, Traffic, whileAtWork } from "./support/traffic";
import { joined, signedIn, type Visitor } from "./support/visitor";

/** A deployment whose settings change what keys are sealed under, or which keys sign. */
const newSecret = (): string => randomBytes(32).toString("base64url");
const [earlier, later, last] = [newSecret(), newSecret(), newSecret()];
const PEOPLE = 6;
const LONG = { timeout: 300_000 };

let cluster: Cluster;
let proxy: RunningProxy;
/** Of the instances that the proxy sends requests to. */
let ports: number[];
let admin: Visitor;
let people: readonly Visitor[];

beforeAll(async () => {
  cluster = await startCluster({ count: 2, env: { APP_SECRET: earlier } });
  ports = cluster.instances.map(({ port }) => port);
  proxy = await startProxy(cluster.origin, ports);
  admin = await signedIn(cluster.instance(0));
});

afterAll(async () => {
  await proxy.close();
  await cluster.stop();
});

async function restart(instance: Instance, settings: Record<string, string>): Promise<void> {
  await instance.terminate();
  await instance.restart(settings);
}

/** One after the other, as an orchestrator does it: nothing is sent to the one that is about to end. */
async function rollOut(settings: Record<string, string>): Promise<void> {
  for (const instance of cluster.instances) {
    ports.splice(ports.indexOf(instance.port), 1);
    await restart(instance, settings);
    ports.push(instance.port);
  }
}

const restartAll = (settings: Record<string, string>) =>
  Promise.all(cluster.instances.map((instance) => restart(instance, settings)));

/** What an instance has said since its start of keys that it cannot use. */
const complaints = (instance: Instance): string[] =>
  instance
    .output()
    .split("\n")
    .filter((line) => line.includes("Signing key"));

/** A service that asks for the JWKS each time. */
async function verifier(): Promise<Verifier> {
  const [one] = await createVerifiers({ servers: cluster.instances, keepMs: 0, count: 1 });
  return one as Verifier;
}

/** The key with which each instance signs. */
async function signingKids(): Promise<string[]> {
  const asked = cluster.instances.map((instance) => admin.request(instance, "GET", "/api/admin/keys"));
  return (await Promise.all(asked)).map((answer) => answer.json<{ signingKid: string }>().signingKid);
}

const bearerStatus = async (instance: Instance, bearer = ""): Promise<number> =>
  (await instance.request("GET", "/api/sessions?limit=1", { bearer })).status;

describe("the application secret", () => {
  /** Signed in before, and meanwhile. */
  let held: Visitor;
  let newcomer: Visitor;

  test("changed without the earlier one: says so by kid, signs with another key, and accepts what was issued", async () => {
    held = await joined(cluster.instance(1));
    const kids = (await listKeys(cluster)).map(({ kid }) => kid);
    await restartAll({ APP_SECRET: later });

    for (const instance of cluster.instances) {
      for (const kid of kids) {
        const lines = complaints(instance).filter((line) => line.includes(kid));
        expect(lines, instance.output()).toHaveLength(1);
        expect(lines[0]).toMatch(/cannot be opened.*APP_SECRET=new,earlier/);
      }
      for (const secret of [earlier, later]) expect(instance.output()).not.toContain(secret);
      expect(await bearerStatus(instance, held.access)).toBe(200);
    }
    await untilReadyz(cluster.instances, WELL);
    const signing = await signingKids();
    expect(new Set(signing).size, "one key for all").toBe(1);
    expect(kids).not.toContain(signing[0]);
    expect(await listKeys(cluster)).toHaveLength(kids.length + 2);

    newcomer = await joined(cluster.instance(0));
    expect(await bearerStatus(cluster.instance(1), newcomer.access)).toBe(200);
    const verify = await verifier();
    for (const { access = "" } of [held, newcomer]) await verify(access);
  });

  test("with the earlier one behind it: opens everything, and everybody goes on", async () => {
    await restartAll({ APP_SECRET: `${later},${earlier},${last}` });
    people = await gatherPeople(proxy, PEOPLE);
    for (const instance of cluster.instances) {
      expect(complaints(instance)).toEqual([]);
      for (const visitor of [held, newcomer]) {
        expect(await visitor.session(instance)).toBe(200);
        expect((await visitor.refresh(instance)).status).toBe(200);
      }
    }
  });
});

/** Two settings change at once: the algorithm, and the secrets as docs/keys.md says. Every instance knows the last one by now. */
test.each([
  { algorithm: "RS256", settings: { APP_SECRET: `${last},${later},${earlier}` }, afterwards: rewrap },
  { algorithm: "EdDSA", settings: { APP_SECRET: last }, afterwards: async () => {} },
  { algorithm: "HS256", settings: {}, afterwards: async () => {} },
])("$algorithm and other secrets are rolled out under load: no request fails", LONG, async (change) => {
  const { algorithm, settings, afterwards } = change;
  const traffic = new Traffic([proxy], people);
  let kid = "";
  await whileAtWork(cluster, traffic, async () => {
    const [former] = await signingKids();
    await rollOut({ ...settings, SESSION_ALGORITHM: algorithm });
    // Two instances have made one, and verifiers have time to hear of it.
    ({ kid } = await keyIn(cluster, "staged", algorithm));
    expect(await signingKids()).toEqual(cluster.instances.map(() => former));
    await stageEarlier(cluster, kid);
    await expect.poll(signingKids, { timeout: 10_000 }).toEqual(cluster.instances.map(() => kid));
    await afterwards(algorithm);
  });
  expect(traffic.interrupted).toEqual([]);
  expect(traffic.issued.at(-1)?.kid).toBe(kid);
  for (const instance of cluster.instances) expect(complaints(instance)).toEqual([]);
  const verification = (await verifier())(traffic.issued.at(-1)?.text ?? "");
  // A secret is published to nobody.
  if (algorithm === "HS256") await expect(verification).rejects.toThrow();
  else await verification;
  printFigures(`${algorithm} rolled out: ${traffic.requests} requests, 0 failed`);
});

/** By the command line, while the instances serve: from then on no key needs another secret than the first. */
async function rewrap(algorithm: string): Promise<void> {
  const command = startNode(["scripts/cli.mjs", "keys", "rewrap", "--json"], {
    APP_ORIGIN: cluster.origin,
    DATABASE_URL: cluster.databaseUrl,
    APP_SECRET: `${last},${later},${earlier}`,
    REDIS_URL: "",
    SESSION_ALGORITHM: algorithm,
  });
  expect(await command.ended, command.output()).toBe(0);
  const { rewrapped, problems } = JSON.parse(command.output());
  expect(rewrapped).not.toEqual([]);
  expect(problems).toEqual([]);
  const sealed = (await listKeys(cluster)).filter(({ state }) => state === "active" || state === "staged");
  expect(new Set(sealed.map(({ custody }) => custody)).size, "sealed under one secret").toBe(1);
}
