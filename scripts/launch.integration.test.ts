import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type RunningProcess, startNode, untilGone } from "../e2e/support/running-process";
import { deriveKey } from "../lib/crypto/derive-key";

const SERVER = /^server (\d+) (\S+) (\S+)$/m;

describe("the launcher", () => {
  let dataDir: string;
  const started: RunningProcess[] = [];

  const launch = (environment: Record<string, string> = {}) => {
    const launcher = startNode(["--import", "tsx", "scripts/fixtures/launch-fake-server.ts"], {
      DATA_DIR: dataDir,
      DATABASE_URL: "",
      APP_SECRET: "",
      ...environment,
    });
    started.push(launcher);
    return launcher;
  };
  const serverOf = async (launcher: RunningProcess) => Number((await launcher.untilOutput(SERVER))[1]);

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "latchkey-launch-"));
  });

  afterEach(async () => {
    for (const launcher of started.splice(0)) {
      launcher.signal("SIGKILL");
      await launcher.ended;
    }
    await rm(dataDir, { recursive: true });
  });

  it("gives the server a migrated database, and replica as revocation mode", async () => {
    const [, , databaseUrl, revocation] = await launch().untilOutput(SERVER);
    const client = new Client({ connectionString: databaseUrl });
    await client.connect();
    const { rows } = await client.query("SELECT count(*)::int AS users FROM users");
    await client.end();
    expect({ rows, revocation }).toEqual({ rows: [{ users: 0 }], revocation: "replica" });
  });

  it("gives the server a key for server actions that depends on the secret alone", async () => {
    const [, key] = await launch().untilOutput(/^actions (\S+)$/m);
    const secret = (await readFile(join(dataDir, "app-secret"), "utf8")).trim();
    expect(key).toBe(deriveKey(secret, "server-actions").toString("base64"));
  });

  it("keeps data folder, socket and secret to their owner", async () => {
    await launch().untilOutput(SERVER);
    const modeOf = async (name: string) => ((await stat(join(dataDir, name))).mode & 0o777).toString(8);
    expect(await modeOf(".")).toBe("700");
    expect(await modeOf(".s.PGSQL.5432")).toBe("600");
    expect(await modeOf("app-secret")).toBe("600");
    expect((await readFile(join(dataDir, "app-secret"), "utf8")).trim()).toMatch(/^[\w-]{43}$/);
  });

  it("ends with npm, which tells its script nothing when it is told to end", async () => {
    const asNpmDoes = `const { pid } = require("node:child_process").spawn(process.execPath,
      ["--import", "tsx", "scripts/fixtures/launch-fake-server.ts"], { stdio: "inherit" });
      console.log("launcher", pid);`;
    const npm = startNode(["-e", asNpmDoes], {
      DATA_DIR: dataDir,
      DATABASE_URL: "",
      npm_lifecycle_event: "start",
    });
    started.push(npm);
    const launcher = Number((await npm.untilOutput(/^launcher (\d+)$/m))[1]);
    const server = await serverOf(npm);
    npm.signal("SIGKILL");
    await untilGone(server);
    await untilGone(launcher);
  });

  it("refuses a second launcher on the same data folder with one line", async () => {
    const first = launch();
    await first.untilOutput(SERVER);
    const second = launch();
    expect(await second.ended).toBe(1);
    expect(second.output()).toBe(
      `DATA_DIR ${dataDir} is already in use by another Latchkey (process ${first.pid}).\n`,
    );
  });

  it("lets exactly one of several that start together have the folder", async () => {
    const launchers = Array.from({ length: 4 }, () => launch());
    const outcomes = await Promise.all(
      launchers.map((launcher) =>
        launcher.untilOutput(SERVER).then(
          () => "serves",
          () => "refused",
        ),
      ),
    );
    expect(outcomes.sort()).toEqual(["refused", "refused", "refused", "serves"]);
  });

  it("takes over at once from a launcher that was killed", async () => {
    const first = launch();
    await first.untilOutput(SERVER);
    first.signal("SIGKILL");
    await first.ended;
    await launch().untilOutput(SERVER);
  });

  it("takes its server along when it is killed", async () => {
    const launcher = launch();
    const server = await serverOf(launcher);
    launcher.signal("SIGKILL");
    await untilGone(server);
  });

  it("ends when its server is killed", async () => {
    const launcher = launch();
    process.kill(await serverOf(launcher), "SIGKILL");
    expect(await launcher.ended).toBe(128 + 9);
  });

  it("ends with one line when the engine fails, and starts again", async () => {
    const launcher = launch();
    const client = new Client({ connectionString: (await launcher.untilOutput(SERVER))[2] });
    client.on("error", () => {});
    await client.connect();
    // PGlite exits on it: there is no stream to copy from behind its single session.
    await client.query("CREATE TABLE t (n int); COPY t FROM STDIN").catch(() => {});
    expect(await launcher.ended).toBe(1);
    expect(launcher.output()).toMatch(/^The embedded database stopped: .+\n$/m);
    await launch().untilOutput(SERVER);
  });

  it.each(["SIGTERM", "SIGINT"] as const)(
    "lets the server drain on %s and ends with its code",
    async (signal) => {
      const launcher = launch({ FAKE_EXIT_CODE: "7" });
      await launcher.untilOutput(SERVER);
      launcher.signal(signal);
      launcher.signal(signal);
      expect(await launcher.ended).toBe(7);
      expect(launcher.output().match(/drained/g)).toHaveLength(1);
    },
  );

  it("finds room for the socket when the data folder's path is too long for one", async () => {
    const long = join(dataDir, "a".repeat(120));
    const [, , databaseUrl] = await launch({ DATA_DIR: long }).untilOutput(SERVER);
    expect((await readFile(join(long, "socket-folder"), "utf8")).length).toBeLessThan(60);
    const client = new Client({ connectionString: databaseUrl });
    await client.connect();
    await client.end();
    const second = launch({ DATA_DIR: long });
    expect(await second.ended).toBe(1);
    expect(second.output()).toContain("already in use by another Latchkey");
  });

  it.each([
    [{ PORT: "no" }, /^PORT is "no"; it may hold .*\n$/],
    [{ DATA_DIR: "package.json/nowhere" }, /^DATA_DIR is ".*nowhere", which cannot be written .*\n$/],
    [
      {
        DATABASE_URL: "postgresql://nobody@localhost/none?host=/nonexistent",
        APP_SECRET: "0123456789abcdefghijklmnopqrstuvwxyz",
      },
      /^The database cannot be reached: .*\n$/,
    ],
  ])("says in one line what is wrong with %o", async (environment, line) => {
    const launcher = launch(environment);
    expect(await launcher.ended).toBe(1);
    expect(launcher.output()).toMatch(line);
  });
});
