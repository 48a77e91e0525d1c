import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "@/e2e/support/fresh-database";
import { type RunningProcess, startNode } from "@/e2e/support/running-process";
import { COMMAND_LINE } from "@/lib/audit/actor";
import { readSettings } from "@/lib/config/settings";
import { hasCode } from "@/lib/errors/latchkey-error";
import { revokeKey } from "@/lib/revocation/revoke-key";
import { createServices, type Services } from "@/lib/services";

const PROCESSES = 4;
const ROTATIONS = 3;
const RACERS = 20;
const CUTS = 12;
const APP_SECRET = randomBytes(32).toString("base64url");
/** Any number that nobody else takes. */
const HOLD = 99;

let database: TestDatabase;
let sql: Client;
let opened: Services[];
let processes: RunningProcess[];
beforeEach(async () => {
  database = await freshDatabase();
  opened = [];
  processes = [];
  sql = new Client({ connectionString: database.url });
  await sql.connect();
});
afterEach(async () => {
  for (const running of processes) running.signal("SIGKILL");
  await Promise.all(processes.map(({ ended }) => ended));
  await Promise.all(opened.map((services) => services.stop()));
  await sql.end();
  await database.drop();
});

const environment = () => ({ DATABASE_URL: database.url, APP_SECRET, LOG_LEVEL: "silent" });

function openServices(): Services {
  const services = createServices(readSettings(environment()));
  opened.push(services);
  return services;
}

const openMany = (count: number): Services[] => Array.from({ length: count }, openServices);

function startProcess(): RunningProcess {
  const running = startNode(["--import", "tsx", "lib/store/testing/rotating-process.ts"], environment());
  processes.push(running);
  return running;
}

const states = async (): Promise<string> => {
  const { rows } = await sql.query("SELECT state FROM signing_keys ORDER BY state");
  return rows.map(({ state }) => state).join(" ");
};
const kidOf = async (state: string): Promise<string> => {
  const { rows } = await sql.query("SELECT kid FROM signing_keys WHERE state = $1::text::key_state", [state]);
  return rows[0]?.kid;
};
const eventCounts = async (): Promise<Record<string, number>> => {
  const { rows } = await sql.query(
    "SELECT type, count(*)::int FROM audit_events WHERE type LIKE 'signing_key.%' GROUP BY type",
  );
  return Object.fromEntries(rows.map(({ type, count }) => [type, count]));
};
/** As if the staged key had waited for its whole time. */
const letTimePass = () =>
  sql.query(
    `UPDATE signing_keys SET created_at = created_at - interval '31 days', activates_at = now() - interval '1 second'
     WHERE state = 'staged'`,
  );

describe("several processes on one database", () => {
  it("take each step once, and sign with the same key after it", async () => {
    const running = Array.from({ length: PROCESSES }, startProcess);
    const untilAllSignWith = (kid: string) =>
      Promise.all(running.map(({ untilOutput }) => untilOutput(new RegExp(`signs ${kid}\n`))));
    await Promise.all(running.map(({ untilOutput }) => untilOutput(/signs /)));
    await untilAllSignWith(await kidOf("active"));
    for (let rotations = 1; rotations <= ROTATIONS; rotations += 1) {
      const next = await kidOf("staged");
      await letTimePass();
      await untilAllSignWith(next);
      await expect.poll(() => kidOf("staged")).toBeTruthy();
      expect(await kidOf("active")).toBe(next);
    }
    expect(await eventCounts()).toEqual({
      "signing_key.activated": 1 + ROTATIONS,
      "signing_key.staged": 1 + ROTATIONS,
      "signing_key.stopped": ROTATIONS,
    });
    await sql.query(
      "UPDATE signing_keys SET retiring_at = now() - interval '1 hour' WHERE state = 'retiring'",
    );
    await expect.poll(async () => (await eventCounts())["signing_key.retired"]).toBe(ROTATIONS);
    const { rows } = await sql.query(
      "SELECT state, sealed_private_key IS NULL AS erased, count(*)::int FROM signing_keys GROUP BY 1, 2 ORDER BY 1",
    );
    expect(rows).toEqual([
      { state: "staged", erased: false, count: 1 },
      { state: "active", erased: false, count: 1 },
      { state: "retired", erased: true, count: ROTATIONS },
    ]);
  });

  it("that begin at once make one key that signs and one that waits", async () => {
    const many = openMany(10);
    await Promise.all(many.map((services) => services.openKeys()));
    expect(await states()).toBe("staged active");
    expect(new Set(many.map(({ keyring }) => keyring.signer.kid))).toEqual(new Set([await kidOf("active")]));
  });

  it("that are twenty and late at once rotate once", async () => {
    const many = openMany(RACERS);
    await Promise.all(many.map((services) => services.keyring.load()));
    await many[0]?.openKeys();
    const next = await kidOf("staged");
    await letTimePass();
    await Promise.all(many.map((services) => services.openKeys()));
    await Promise.all(many.map((services) => services.openKeys()));
    expect(await states()).toBe("staged active retiring");
    expect(new Set(many.map(({ keyring }) => keyring.signer.kid))).toEqual(new Set([next]));
  });

  it("of which some revoke the key that signs while the others rotate agree on the next", async () => {
    const many = openMany(8);
    await many[0]?.openKeys();
    const revoked = await kidOf("active");
    await letTimePass();
    const attempts = await Promise.allSettled(
      many.map((services, index) =>
        index % 2 === 0
          ? services.openKeys()
          : revokeKey(services.keys, revoked, "found in a backup", COMMAND_LINE),
      ),
    );
    const failures = attempts.flatMap((attempt) => (attempt.status === "rejected" ? [attempt.reason] : []));
    expect(failures.map((error) => hasCode(error, "not_found"))).toEqual([true, true, true]);
    await Promise.all(many.map((services) => services.openKeys()));
    expect(await states()).toBe("staged active revoked");
    const { rows } = await sql.query("SELECT kind, value FROM denials");
    expect(rows).toEqual([{ kind: "kid", value: revoked }]);
    const signer = await kidOf("active");
    for (const { keyring } of many) {
      expect(keyring.signer.kid).toBe(signer);
      expect(await keyring.findVerificationKey(revoked)).toBeNull();
      expect(keyring.jwks.body).not.toContain(revoked);
    }
  });

  it("write down together how often a key has signed, and show nothing secret of it", async () => {
    const [one, other] = [openServices(), openServices()];
    await one.openKeys();
    const kid = await kidOf("active");
    const later = new Date("2027-01-01T00:00:02Z");
    await Promise.all([
      one.stores.signingKeys.addSignatures(kid, 3, later),
      other.stores.signingKeys.addSignatures(kid, 4, new Date("2027-01-01T00:00:01Z")),
    ]);
    const listed = await one.stores.signingKeys.list(10);
    expect(listed.find((key) => key.kid === kid)).toMatchObject({ signedCount: 7, lastSignedAt: later });
    for (const key of listed) {
      expect(key).not.toHaveProperty("sealedPrivateKey");
      expect(key.publicJwk).not.toHaveProperty("d");
    }
  });
});

describe("a rotation that is cut off", () => {
  /** The writes of a rotation: two keys and two events, then the new key and its event. */
  const WRITES = 6;

  beforeEach(async () => {
    await sql.query(`
      CREATE SEQUENCE writes;
      CREATE TABLE cut (at_write bigint, how text);
      CREATE FUNCTION cut_off() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE how text := (SELECT cut.how FROM cut WHERE at_write = nextval('writes'));
      BEGIN
        IF how = 'connection' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
        IF how = 'process' THEN PERFORM pg_advisory_xact_lock(${HOLD}); END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER cut_off BEFORE INSERT OR UPDATE ON signing_keys FOR EACH ROW EXECUTE FUNCTION cut_off();
      CREATE TRIGGER cut_off BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION cut_off()`);
  });

  const cutAt = async (write: number, how: "connection" | "process") => {
    await sql.query("INSERT INTO cut VALUES ($1, $2)", [write, how]);
    await sql.query("SELECT setval('writes', 1, false)");
  };
  /** Before the step or after it, and never without a key that signs. */
  const WHOLE = ["staged active", "active retiring", "staged active retiring"];

  it.each(Array.from({ length: WRITES }, (_, index) => index + 1))(
    "by its connection at write %d goes on with the next call",
    async (write) => {
      const services = openServices();
      await services.openKeys();
      const next = await kidOf("staged");
      await letTimePass();
      await cutAt(write, "connection");
      await expect(services.openKeys()).rejects.toThrow();
      expect(WHOLE).toContain(await states());
      await services.openKeys();
      expect(await states()).toBe("staged active retiring");
      expect(await kidOf("active")).toBe(next);
      expect(services.keyring.signer.kid).toBe(next);
      expect(await eventCounts()).toEqual({
        "signing_key.activated": 2,
        "signing_key.staged": 2,
        "signing_key.stopped": 1,
      });
    },
  );

  it.each([1, 3, 5])("by the end of its process at write %d is taken over by another one", async (write) => {
    const survivor = openServices();
    await survivor.openKeys();
    const next = await kidOf("staged");
    await sql.query("SELECT pg_advisory_lock($1)", [HOLD]);
    await letTimePass();
    await cutAt(write, "process");
    const dying = startProcess();
    await expect.poll(isHeld, { timeout: 20_000 }).toBe(true);
    dying.signal("SIGKILL");
    await dying.ended;
    await sql.query("DELETE FROM cut");
    await sql.query("SELECT pg_advisory_unlock($1)", [HOLD]);
    await survivor.openKeys();
    expect(await states()).toBe("staged active retiring");
    expect(survivor.keyring.signer.kid).toBe(next);
  });

  it("by the end of its process while it commits is not taken twice", async () => {
    await sql.query(`
      CREATE FUNCTION hold_commit() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM pg_advisory_xact_lock_shared(${HOLD}); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER hold_commit AFTER UPDATE ON signing_keys DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION hold_commit()`);
    const survivor = openServices();
    await survivor.openKeys();
    const next = await kidOf("staged");
    await letTimePass();
    await sql.query("SELECT pg_advisory_lock($1)", [HOLD]);
    const dying = startProcess();
    await expect.poll(isHeld, { timeout: 20_000 }).toBe(true);
    dying.signal("SIGKILL");
    await dying.ended;
    await sql.query("SELECT pg_advisory_unlock($1)", [HOLD]);
    await survivor.openKeys();
    await survivor.openKeys();
    expect(await states()).toBe("staged active retiring");
    expect(survivor.keyring.signer.kid).toBe(next);
    expect(await eventCounts()).toMatchObject({ "signing_key.activated": 2, "signing_key.stopped": 1 });
  });

  it("by the connections of everybody, again and again, leaves the keys whole", async () => {
    const many = openMany(PROCESSES);
    await many[0]?.openKeys();
    for (let rotations = 1; rotations <= CUTS; rotations += 1) {
      const next = await kidOf("staged");
      await letTimePass();
      const attempts = Promise.allSettled(many.map((services) => services.openKeys()));
      for (let cuts = 0; cuts < rotations; cuts += 1) await cutEverybodyOff();
      await attempts;
      // As a process does, which may still take up a connection that it has not yet seen end.
      await Promise.all(many.map((services) => services.openKeys().catch(() => services.openKeys())));
      expect(await kidOf("active")).toBe(next);
      for (const { keyring } of many) expect(keyring.signer.kid).toBe(next);
      expect((await states()).replaceAll(" retiring", "")).toBe("staged active");
    }
    expect(await eventCounts()).toEqual({
      "signing_key.activated": 1 + CUTS,
      "signing_key.staged": 1 + CUTS,
      "signing_key.stopped": CUTS,
    });
  });

  /** Resolves when their connections have ended, which is later than the answer of who ends them. */
  async function cutEverybodyOff(): Promise<void> {
    const { rows } = await sql.query(
      "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    const pids = rows.map(({ pid }) => pid);
    const left = async () => {
      const { rowCount } = await sql.query("SELECT 1 FROM pg_stat_activity WHERE pid = ANY($1)", [pids]);
      return rowCount;
    };
    await expect.poll(left, { interval: 1 }).toBe(0);
  }

  async function isHeld(): Promise<boolean> {
    const { rowCount } = await sql.query(
      "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted",
      [HOLD],
    );
    return rowCount === 1;
  }
});
