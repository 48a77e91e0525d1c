import { createServer } from "node:http";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { COMMAND_LINE } from "../../lib/audit/actor";
import { readSettings } from "../../lib/config/settings";
import { addSeconds } from "../../lib/crypto/clock";
import { revokeKey } from "../../lib/revocation/revoke-key";
import { createServices, type Services } from "../../lib/services";
import { readPublishedKeys } from "../../scripts/cli/deployment";
import { type DrillConditions, drill } from "../../scripts/cli/drill";
import type { Check } from "../../scripts/cli/rotation-drill/judge";
import { freePort } from "../support/free-port";
import { freshDatabase } from "../support/fresh-database";
import { startNode } from "../support/running-process";
import { type Cluster, startCluster } from "./support/cluster";
import { printFigures } from "./support/figures";
import { type RunningProxy, startProxy } from "./support/proxy";

/** `cli drill rotation` on two instances behind a proxy that asks them in turn. */
const SECRET = "0123456789abcdefghijklmnopqrstuvwxyz";
const STAGED_SECONDS = 900;

let cluster: Cluster;
let proxy: RunningProxy;
beforeAll(async () => {
  cluster = await startCluster({ count: 2, env: { APP_SECRET: SECRET } });
  proxy = await startProxy(
    cluster.origin,
    cluster.instances.map(({ port }) => port),
  );
});
afterAll(async () => {
  await proxy.close();
  await cluster.stop();
});

/** By how much the drill takes the time to be later than it is: so the tokens it has grow old. */
let skippedSeconds = 0;
const opened: Services[] = [];
beforeEach(() => {
  skippedSeconds = 0;
});
afterEach(async () => {
  for (const services of opened.splice(0)) await services.stop();
});

const environment = (env: Record<string, string> = {}) => ({
  APP_ORIGIN: cluster.origin,
  DATABASE_URL: cluster.databaseUrl,
  APP_SECRET: SECRET,
  APP_SECRET_FILE: "",
  REDIS_URL: "",
  SESSION_ALGORITHM: "",
  SIGNER_SOCKET: "",
  LOG_LEVEL: "silent",
  ...env,
});

function commandLine(env?: Record<string, string>): Services {
  const clock = { now: () => addSeconds(new Date(), skippedSeconds) };
  const latchkey = createServices(readSettings(environment(env)), clock);
  opened.push(latchkey);
  return latchkey;
}

/** Rounds follow one another as fast as they are answered. */
const conditions = (own: Partial<DrillConditions> = {}): DrillConditions => ({
  stopped: new AbortController().signal,
  pause: async () => {},
  onRound: () => {},
  ...own,
});

async function run(latchkey: Services, untilSwitch: boolean, own?: Partial<DrillConditions>) {
  const { lines, data, isRefusal } = await drill(latchkey, untilSwitch, conditions(own));
  const { checks } = data as { checks: Check[] };
  return {
    lines,
    isRefusal,
    checks,
    failing: checks.flatMap(({ outcome, check }) => (outcome === "FAIL" ? [check] : [])),
  };
}

/** The staged key has been published for so long that it may sign in this many seconds. */
const stageFor = (leftSeconds: number) =>
  cluster.sql(
    "UPDATE signing_keys SET created_at = now() - make_interval(secs => $1) WHERE state = 'staged'",
    [STAGED_SECONDS - leftSeconds],
  );

async function kidIn(state: string): Promise<string> {
  const [row] = await cluster.sql<{ kid: string }>(
    "SELECT kid FROM signing_keys WHERE state = $1::key_state",
    [state],
  );
  return row?.kid ?? "";
}

/** By any instance: the proxy asks them in turn. */
async function isPublished(kid: string): Promise<boolean> {
  const read = await Promise.all(cluster.instances.map(() => readPublishedKeys(cluster.origin)));
  return read.some(({ kids }) => kids.includes(kid));
}

/** What is left of the people that drills have made, and of their sessions. */
const leftovers = () =>
  cluster.sql(`SELECT email FROM users LEFT JOIN sessions ON sessions.user_id = users.id AND ended_at IS NULL
               WHERE email LIKE 'drill-%@latchkey.invalid' AND (status <> 'disabled' OR sessions.id IS NOT NULL)`);

test("a rotation that is due within seconds passes, to the expiry of the former key's last token", async () => {
  const staged = await kidIn("staged");
  let roundsWaited = 0;
  const onRound: DrillConditions["onRound"] = ({ seen }) => {
    if (seen.switchedAt !== null) skippedSeconds += 60;
    else if (seen.rotation !== null) roundsWaited += 1;
  };
  // Once, before the rotation is asked for.
  let pause = async () => {
    pause = async () => {};
    await stageFor(3);
  };
  const { checks, lines, isRefusal } = await run(commandLine(), false, { onRound, pause: () => pause() });
  expect(lines.filter((line) => !line.startsWith("PASS"))).toEqual([]);
  expect(checks).toHaveLength(8);
  expect(roundsWaited).toBeGreaterThan(0);
  expect(isRefusal).toBe(false);
  expect(await kidIn("active")).toBe(staged);
  expect(await leftovers()).toEqual([]);
  printFigures(lines.join("\n"));
});

test("a key that signs before verifiers can have heard of it fails, though all else is well", async () => {
  await stageFor(0);
  const latchkey = commandLine();
  // The key that the drill's verifier has read of is replaced by one that claims to have been staged long ago.
  let isReplaced = false;
  const pause = async () => {
    if (isReplaced) return;
    isReplaced = true;
    await revokeKey(latchkey.keys, await kidIn("staged"), "lost", COMMAND_LINE);
    await stageFor(0);
  };
  const { failing, isRefusal, checks } = await run(latchkey, true, { pause });
  expect(failing).toEqual([
    "the new key was in the JWKS long enough before it signed",
    "every verification succeeded",
    "no unknown kid was met",
  ]);
  expect(checks[0]?.says).toMatch(
    /^staged 15 min.*, and a JWKS without it may be kept until [45] min( \d+ s)? after it$/,
  );
  expect(isRefusal).toBe(true);
  expect(await leftovers()).toEqual([]);
});

test("a former key that is taken away while its tokens are good fails", async () => {
  await stageFor(0);
  const latchkey = commandLine();
  let former = await kidIn("active");
  const onRound: DrillConditions["onRound"] = ({ seen }) => {
    if (seen.switchedAt !== null) skippedSeconds += 60;
  };
  const pause = async () => {
    if (skippedSeconds === 0 || former === "") return;
    const revoked = former;
    former = "";
    await revokeKey(latchkey.keys, revoked, "stolen", COMMAND_LINE);
    // The other instances hear of it within a second, and the rounds do not wait for that.
    await expect.poll(() => isPublished(revoked)).toBe(false);
  };
  const { failing } = await run(latchkey, false, { onRound, pause });
  expect(failing).toContain("the former key's tokens were good to the last");
  expect(failing).toContain("no unknown kid was met");
  expect(failing).not.toContain("the session lived through it");
});

const start = (...words: string[]) =>
  startNode(["scripts/cli.mjs", "drill", "rotation", ...words], environment());

test("the command prints the table, and ends with 0 when all of it is PASS", async () => {
  await stageFor(0);
  const command = start("--until-switch");
  expect(await command.ended).toBe(0);
  const [announcement, ...lines] = command.output().trimEnd().split("\n");
  expect(announcement).toMatch(/^\S+ signs from \S+Z\. Ctrl-C ends the drill early\.$/);
  expect(lines).toHaveLength(8);
  for (const line of lines) expect(line).toMatch(/^PASS {2}\S/);
  expect(await leftovers()).toEqual([]);
});

test("a drill that is interrupted says what it has seen, and cleans up", async () => {
  const command = start("--json");
  // Its key has only just been staged.
  await command.untilOutput(/signs from/);
  // Twice, as under npm.
  command.signal("SIGINT");
  command.signal("SIGINT");
  expect(await command.ended).toBe(1);
  const { isPassed, isStopped, checks, rotation } = JSON.parse(command.output().split("\n")[1] ?? "");
  expect({ isPassed, isStopped, leftBehind: await leftovers() }).toEqual({
    isPassed: false,
    isStopped: true,
    leftBehind: [],
  });
  expect(rotation).toMatchObject({ kid: await kidIn("staged"), formerKid: await kidIn("active") });
  const outcomeOf = (name: string) => checks.find(({ check }: Check) => check === name).outcome;
  expect(outcomeOf("every verification succeeded")).toBe("PASS");
  expect(outcomeOf("the announced key signs")).toBe("NOT SEEN");
});

test("nothing is begun where nobody answers, or something else does", async () => {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const people = () => cluster.sql("SELECT id FROM users");
  const before = await people();
  await expect(run(commandLine({ APP_ORIGIN: origin }), true)).rejects.toThrow(
    `Nobody answers at ${origin} (ECONNREFUSED). Start Latchkey`,
  );
  const other = createServer((_, response) => response.end("hello"));
  await new Promise<void>((resolve) => other.listen(port, "127.0.0.1", resolve));
  await expect(run(commandLine({ APP_ORIGIN: origin }), true)).rejects.toThrow(
    "is not Latchkey (200 at /healthz)",
  );
  other.closeAllConnections();
  other.close();
  await expect(run(commandLine({ SESSION_ALGORITHM: "HS256" }), true)).rejects.toThrow(
    "HS256 are in no JWKS",
  );
  expect(await people()).toEqual(before);
});

test("a deployment on another database is found out, and nothing is rotated there", async () => {
  const database = await freshDatabase();
  const latchkey = commandLine({ DATABASE_URL: database.url });
  await expect(run(latchkey, true)).rejects.toThrow("it has another database");
  const { items } = await latchkey.stores.users.list({ query: null }, { limit: 10, cursor: null });
  expect(items.map(({ status }) => status)).toEqual(["disabled"]);
  expect(await latchkey.stores.signingKeys.list(10)).toEqual([]);
  await latchkey.stop();
  opened.length = 0;
  await database.drop();
});
