import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type RedisServer, startRedisServer } from "../../e2e/instances/support/redis-server";
import { freePort } from "../../e2e/support/free-port";
import { freshDatabase, type TestDatabase } from "../../e2e/support/fresh-database";
import { queryDatabase } from "../../e2e/support/query-database";
import { startNode } from "../../e2e/support/running-process";
import { readSettings } from "../../lib/config/settings";
import { addSeconds, type Clock, systemClock } from "../../lib/crypto/clock";
import { createServices, type Services } from "../../lib/services";
import type { CommandResult } from "./command";
import { doctor } from "./doctor";
import type { Finding } from "./finding";

const SECRET = "0123456789abcdefghijklmnopqrstuvwxyz";
const LATER = "zyxwvutsrqponmlkjihgfedcba9876543210";

let database: TestDatabase;
let port: number;
const opened: Services[] = [];
beforeEach(async () => {
  database = await freshDatabase();
  port = await freePort();
});
afterEach(async () => {
  for (const services of opened.splice(0)) await services.stop();
  await database.drop();
});

const environment = (env: Record<string, string> = {}) => ({
  PORT: String(port),
  APP_ORIGIN: "",
  DATABASE_URL: database.url,
  APP_SECRET: SECRET,
  APP_SECRET_FILE: "",
  REDIS_URL: "",
  SESSION_ALGORITHM: "",
  SIGNER_SOCKET: "",
  LOG_LEVEL: "silent",
  INSECURE_COOKIES: "",
  ...env,
});

function services(env?: Record<string, string>, clock: Clock = systemClock): Services {
  const latchkey = createServices(readSettings(environment(env)), clock);
  opened.push(latchkey);
  return latchkey;
}

/** An instance has been here: one key signs, one is staged. */
async function instance(env?: Record<string, string>) {
  const latchkey = services(env);
  await latchkey.openKeys();
  return { latchkey, active: latchkey.keyring.signer.kid, staged: latchkey.keyring.nextKey?.kid ?? "" };
}

async function examine(latchkey: Services) {
  const answer = (await doctor.run(latchkey, { positionals: [], options: {} })) as CommandResult;
  const findings = answer.data as Finding[];
  return { ...answer, of: (part: string) => findings.filter((finding) => finding.part === part) };
}

const only = (isWell: boolean, part: string, says: RegExp) => [
  { part, isWell, says: expect.stringMatching(says) },
];
const sql = (text: string) => queryDatabase(database.url, text);

async function doctorCommand(env: Record<string, string>, ...words: string[]) {
  const command = startNode(["scripts/cli.mjs", "doctor", ...words], environment(env));
  return { code: await command.ended, output: command.output() };
}

/** What a client meets at the origin: the health of some server, and a JWKS with the headers it was given. */
async function serve(jwks: () => string, headers: Record<string, string> = {}) {
  const server = createServer((request, response) => {
    const body = request.url === "/healthz" ? '{"status":"ok"}' : jwks();
    response.writeHead(200, { "Cache-Control": "public, max-age=300", ...headers }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return closing(server);
}

const closing = (server: Server) => ({
  close: () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  },
});

it("finds a whole deployment well, and says so part by part", async () => {
  const { latchkey, active } = await instance();
  const deployment = await serve(() => latchkey.keyring.jwks.body);
  await sql(
    "INSERT INTO users (id, email, role, status, created_at) VALUES (gen_random_uuid(), 'a@b.c', 'admin', 'active', now())",
  );
  const { code, output } = await doctorCommand({});
  await deployment.close();
  expect(output).not.toContain("NOT OK");
  expect(code).toBe(0);
  for (const line of [
    /^ok +database +PostgreSQL \d+\S* .*answers in \d+\.\d ms, with (\d+) of \1 migrations$/m,
    /^ok +clock +\d\.\d s apart from the database's$/m,
    /^ok +secrets +1 secret, given in APP_SECRET$/m,
    new RegExp(`^ok +keys +ES256 ${active} is active: it opens and signs$`, "m"),
    /^ok +keys +the next rotation is in 29 d 23 h, to \S+$/m,
    /^ok +signer +none outside/m,
    /^ok +Redis +none: the database is asked at every request$/m,
    /^ok +origin +http:\/\/localhost:\d+ answers, and its JWKS has the keys of this database; plain http, so for this machine alone$/m,
    /^ok +cookies +Secure, .+ __Host-Http-access$/m,
  ]) {
    expect(output).toMatch(line);
  }
});

describe("of the secrets", () => {
  it("a wrong one: each key by its kid with the remedy, no secret, and nothing is changed", async () => {
    const { active, staged } = await instance();
    const { code, output } = await doctorCommand({ APP_SECRET: LATER });
    for (const kid of [active, staged]) {
      expect(output).toMatch(
        new RegExp(`^NOT OK +keys +Signing key ${kid} cannot be opened: .+APP_SECRET=new,earlier`, "m"),
      );
    }
    expect(output).toMatch(/^NOT OK +keys +none of them can sign here$/m);
    expect(output).not.toContain(SECRET);
    expect(output).not.toContain(LATER);
    expect(code).toBe(1);
    expect(await sql("SELECT kid FROM signing_keys")).toHaveLength(2);
  });

  it("an earlier one that seals keys: run `keys rewrap`", async () => {
    await instance();
    const { of } = await examine(services({ APP_SECRET: `${LATER},${SECRET}` }));
    expect(of("secrets")).toEqual(
      only(false, "secrets", /^2 secrets, .+an earlier one: 2\. Run `keys rewrap`$/),
    );
  });

  it("where they come from", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "latchkey-doctor-"));
    const { output } = await doctorCommand({ DATABASE_URL: "", APP_SECRET: "", DATA_DIR: dataDir });
    const path = join(dataDir, "app-secret");
    expect(output).toMatch(new RegExp(`^ok +secrets +1 secret, generated into ${path}$`, "m"));
    expect(output).not.toContain((await readFile(path, "utf8")).trim());
    await rm(dataDir, { recursive: true });
  });
});

describe("of the keys", () => {
  it("one that was tampered with", async () => {
    const { latchkey, staged } = await instance();
    await sql(`UPDATE signing_keys SET sealed_private_key = set_byte(sealed_private_key, 40, get_byte(sealed_private_key, 40) # 1)
               WHERE kid = '${staged}'`);
    const { of, isRefusal } = await examine(latchkey);
    expect(of("keys")).toContainEqual(
      only(
        false,
        "keys",
        new RegExp(`^Signing key ${staged} is refused: .+Find out who wrote to the database`),
      )[0],
    );
    expect(of("keys")).toContainEqual(only(false, "keys", /^no ES256 key is staged to be the next: /)[0]);
    expect(isRefusal).toBe(true);
  });

  it("a rotation that is overdue, because nobody runs", async () => {
    const { latchkey, staged } = await instance();
    await sql(`UPDATE signing_keys SET activates_at = now() - interval '1 hour' WHERE kid = '${staged}'`);
    const overdue = new RegExp(`^the rotation to ${staged} is overdue by 1 h( \\d+ s)?: .+Start one`);
    expect((await examine(latchkey)).of("keys")).toContainEqual(only(false, "keys", overdue)[0]);
  });

  it("an algorithm that the instances do not have", async () => {
    await instance();
    const { of } = await examine(services({ SESSION_ALGORITHM: "EdDSA" }));
    expect(of("keys")).toContainEqual(
      only(false, "keys", /^SESSION_ALGORITHM is EdDSA here, .+for ES256/)[0],
    );
  });

  it("that there are none yet", async () => {
    expect((await examine(services())).of("keys")).toEqual(
      only(false, "keys", /^there is none yet: start Latchkey/),
    );
  });
});

it("finds a signer that does not answer", async () => {
  await instance();
  const { of } = await examine(services({ SIGNER_SOCKET: `/tmp/no-signer-${port}` }));
  expect(of("signer")).toEqual(
    only(false, "signer", /^the signer at \/tmp\/no-signer-\d+ does not answer: start it/),
  );
});

it.each([
  ["ahead", 40],
  ["behind", -40],
])("finds a clock that is %s", async (_, seconds) => {
  await instance();
  const clock = { now: () => addSeconds(new Date(), seconds) };
  const { of } = await examine(services({}, clock));
  expect(of("clock")).toEqual(
    only(false, "clock", /^(39|40)\.\d s apart from the database's, more than .+\(NTP\)$/),
  );
});

describe("of Redis", () => {
  let redis: RedisServer;
  beforeEach(async () => {
    redis = await startRedisServer();
  });
  afterEach(() => redis.remove());
  const withRedis = (clock?: Clock) => services({ REDIS_URL: redis.url }, clock);

  it("one that is believed", async () => {
    const latchkey = withRedis();
    await latchkey.start();
    const { of } = await examine(latchkey);
    expect(of("Redis")).toEqual(only(true, "Redis", /^answers, evicts nothing, and is believed$/));
    expect(of("clock")).toEqual(
      only(true, "clock", /^\d\.\d s apart from the database's, \d\.\d s apart from that of Redis$/),
    );
  });

  it("one that may evict what is revoked", async () => {
    await redis.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
    const { of } = await examine(withRedis());
    expect(of("Redis")).toEqual(only(false, "Redis", /\(allkeys-lru\).+Set maxmemory-policy noeviction$/));
  });

  it("one that nobody has filled", async () => {
    expect((await examine(withRedis())).of("Redis")).toEqual(only(false, "Redis", /has not been filled/));
    expect(await redis.command("DBSIZE")).toBe(0);
  });

  it("one that is down", async () => {
    await redis.kill();
    const { of } = await examine(withRedis());
    expect(of("Redis")).toEqual(only(false, "Redis", /^does not answer, so the database is asked instead/));
  });
});

describe("of the origin", () => {
  it("that nobody answers there", async () => {
    const { of } = await examine((await instance()).latchkey);
    expect(of("origin")).toEqual(only(false, "origin", /^Nobody answers at .+ECONNREFUSED.+Start Latchkey/));
  });

  it("that it is something else", async () => {
    const { latchkey } = await instance();
    const server = createServer((_, response) => response.writeHead(404).end("<html>"));
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    const { of } = await examine(latchkey);
    await closing(server).close();
    expect(of("origin")).toEqual(only(false, "origin", /is not Latchkey \(404 at \/healthz\)/));
  });

  it("a proxy that has kept the JWKS for too long", async () => {
    const { latchkey, staged } = await instance();
    const { keys } = JSON.parse(latchkey.keyring.jwks.body);
    const former = JSON.stringify({ keys: keys.filter(({ kid }: { kid: string }) => kid !== staged) });
    const deployment = await serve(() => former, { Age: "86400" });
    const { of } = await examine(latchkey);
    await deployment.close();
    const says = new RegExp(`its JWKS lacks ${staged} and is 86400 s old: a proxy keeps it for too long`);
    expect(of("origin")).toEqual(only(false, "origin", says));
  });

  it("a cache that keeps it for as long as it may", async () => {
    const deployment = await serve(() => '{"keys":[]}', { Age: "200" });
    const { of } = await examine((await instance()).latchkey);
    await deployment.close();
    expect(of("origin")).toEqual(
      only(true, "origin", /a cache on the way has had its JWKS for 200 s, as it may$/),
    );
  });
});

it("finds cookies that are not Secure", async () => {
  const { of } = await examine((await instance({ INSECURE_COOKIES: "true" })).latchkey);
  expect(of("cookies")).toEqual(only(false, "cookies", /^INSECURE_COOKIES is on/));
});
