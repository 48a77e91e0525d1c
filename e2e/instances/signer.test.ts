import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeProtectedHeader } from "jose";
import { afterEach, beforeEach, expect, it } from "vitest";
import { privateForms } from "../../scripts/signer/testing/private-forms";
import { type RunningSigner, startSigner } from "../../scripts/signer/testing/running-signer";
import { type Answer, type Cluster, type Instance, startCluster } from "./support/cluster";
import { createVerifiers } from "./support/jwks-verifiers";
import { signedIn, Visitor } from "./support/visitor";

const PATIENCE = { timeout: 30_000 };

let folder: string;
let signer: RunningSigner;
let cluster: Cluster;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "latchkey-signer-"));
  signer = await startSigner(folder);
});

afterEach(async () => {
  await cluster?.stop();
  await signer.kill();
  await rm(folder, { recursive: true });
});

const start = async (): Promise<Instance> => {
  cluster = await startCluster({ count: 1, env: { SIGNER_SOCKET: signer.socket } });
  return cluster.instance(0);
};

const readiness = async (latchkey: Instance) => {
  const { status, body } = await latchkey.request("GET", "/readyz");
  return { status, keys: JSON.parse(body).parts.keys };
};
const untilReady = (latchkey: Instance) =>
  expect.poll(() => readiness(latchkey), PATIENCE).toEqual({ status: 200, keys: "ok" });
const untilUnready = (latchkey: Instance) =>
  expect.poll(() => readiness(latchkey), PATIENCE).toEqual({ status: 503, keys: "unavailable" });

/** Try again: nothing was lost, and every cookie stays as it is. */
function expectTryAgain(answer: Answer): void {
  expect(answer.status).toBe(503);
  expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
  expect(answer.setCookies).toEqual([]);
}

const countSessions = async () =>
  (await cluster.sql<{ count: number }>("SELECT count(*)::int FROM sessions"))[0]?.count;

/** How a signer stops to answer, and how it answers again. */
const outages: [name: string, begin: () => Promise<void>, end: () => Promise<void>][] = [
  [
    "is killed",
    () => signer.kill(),
    async () => {
      signer = await startSigner(folder);
    },
  ],
  [
    "stands still",
    async () => signer.process.signal("SIGSTOP"),
    async () => signer.process.signal("SIGCONT"),
  ],
];

it.each(outages)(
  "a signer that %s stops what has to be signed and nothing else",
  async (_name, begin, end) => {
    const latchkey = await start();
    const ada = await signedIn(latchkey);
    const [verify = never()] = await createVerifiers({ servers: [latchkey], keepMs: Infinity, count: 1 });
    await verify(ada.access ?? "");

    await begin();
    const held = ada.cookieHeader;
    expectTryAgain(await ada.refresh(latchkey));
    await untilUnready(latchkey);
    for (let requests = 0; requests < 20; requests += 1) expect(await ada.session(latchkey)).toBe(200);
    const sessions = await countSessions();
    expectTryAgain(await ada.refresh(latchkey));
    expectTryAgain(
      await latchkey.request("GET", "/account", ada.options(latchkey, { cookie: `${held.split("; ")[1]}` })),
    );
    expectTryAgain(await new Visitor().request(latchkey, "POST", "/api/auth/login", { body: ada.person }));
    expect(await countSessions()).toBe(sessions);
    expect(ada.cookieHeader).toBe(held);

    await end();
    await untilReady(latchkey);
    expect((await ada.refresh(latchkey)).status).toBe(200);
    expect(await ada.session(latchkey)).toBe(200);
    await verify(ada.access ?? "");
    await signedIn(latchkey);
    expect(await cluster.sql("SELECT id FROM sessions WHERE ended_at IS NOT NULL")).toEqual([]);
  },
);

it("without its signer it starts, says that it cannot sign, and signs as soon as it can", async () => {
  await signer.kill();
  const latchkey = await start();
  expect(await readiness(latchkey)).toEqual({ status: 503, keys: "unavailable" });
  expect((await latchkey.request("GET", "/healthz")).status).toBe(200);
  const ada = new Visitor();
  expectTryAgain(await ada.request(latchkey, "POST", "/api/auth/login", { body: ada.person }));
  signer = await startSigner(folder);
  await untilReady(latchkey);
  await ada.signIn(latchkey);
  expect(await ada.session(latchkey)).toBe(200);
});

it("the private key is nowhere but with the signer", async () => {
  const latchkey = await start();
  const ada = await signedIn(latchkey);
  await ada.refresh(latchkey);
  const { kid = "" } = decodeProtectedHeader(ada.access ?? "");
  const told = [
    (await latchkey.request("GET", "/.well-known/jwks.json")).body,
    (await latchkey.request("GET", "/metrics")).body,
    (await ada.request(latchkey, "GET", "/admin/keys")).body,
    (await ada.request(latchkey, "GET", "/api/admin/keys")).body,
    latchkey.output(),
    signer.process.output(),
    await wholeDatabase(),
  ];
  expect(told[0]).toContain(kid);
  expect(told[1]).toMatch(/^latchkey_signing_seconds_count [1-9]/m);
  expect(told.at(-1)).toContain(kid);
  for (const form of await privateForms(signer, kid)) expect(told.join()).not.toContain(form);
});

/** Every row of every table, as text. */
async function wholeDatabase(): Promise<string> {
  const tables = await cluster.sql<{ name: string }>(
    "SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public'",
  );
  const rows = await Promise.all(tables.map(({ name }) => cluster.sql(`SELECT t::text FROM ${name} t`)));
  return JSON.stringify(rows);
}

function never(): never {
  throw new Error("There is one.");
}
