import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStores } from "../../lib/store/stores";
import { measureCopy, measureDenylist } from "./denylist";
import { milliseconds, timeEach } from "./measure";
import { explain, logPlans } from "./plans";
import { type BenchPostgres, startPostgres } from "./postgres";
import { measureRotation, PGBENCH_SCRIPT } from "./rotation";
import { everySearch } from "./searches";
import { DENIALS, seed } from "./seed";
import { measureUnknownKids } from "./unknown-kids";

/** Latchkey on a million sessions: seeds a Postgres of its own, measures, prints, and leaves nothing behind. */

const SEARCHES_OF_EACH = 300;

/** What can be asked for by name; all without a word. */
const MEASURES = { searches, rotation, denylist, "unknown-kids": unknownKids };
const NEED_NO_SEED = new Set(["unknown-kids"]);

const given = process.argv.slice(2);
const wanted = Object.entries(MEASURES).filter(([name]) => given.length === 0 || given.includes(name));

const say = (line: string) => void process.stdout.write(`${line}\n`);

const postgres = await startPostgres();
try {
  if (!wanted.every(([name]) => NEED_NO_SEED.has(name))) {
    say("Seeding");
    await seed(postgres.url, say);
  }
  for (const [, measure] of wanted) await measure(postgres);
} catch (error) {
  process.stderr.write(postgres.log().slice(-4_000));
  throw error;
} finally {
  await postgres.stop();
}

async function searches({ url }: BenchPostgres): Promise<void> {
  const now = new Date();
  say(`\nSearches, ${SEARCHES_OF_EACH} of each, one at a time`);
  const stores = openStores(url);
  for (const [name, search] of Object.entries(everySearch(stores, now))) {
    say(`  ${name.padEnd(42)} ${milliseconds(await timeEach(SEARCHES_OF_EACH, search))}`);
  }
  await stores.close();
  say(
    "\nTheir plans (EXPLAIN ANALYZE of what was sent): rows read at most by one step, and whole tables read",
  );
  await logPlans(postgres, true);
  const explained = openStores(url);
  for (const [name, search] of Object.entries(everySearch(explained, now))) {
    const { rowsRead, scanned, indexes } = await explain(postgres, () => search(1));
    say(`  ${name.padEnd(42)} ${rowsRead} rows; ${scanned.join(", ") || "no scan"}; ${indexes.join(", ")}`);
  }
  await explained.close();
  await logPlans(postgres, false);
}

async function rotation(server: BenchPostgres): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-bench-"));
  chmodSync(folder, 0o755);
  const script = join(folder, "update.sql");
  writeFileSync(script, PGBENCH_SCRIPT);
  const { statements, hotShare, rates } = await measureRotation(server, script);
  rmSync(folder, { recursive: true });
  say("\nRotation of a refresh token, through the store");
  say(`  ${statements.toFixed(2)} statements each; ${(hotShare * 100).toFixed(1)} % wrote no index (HOT)`);
  for (const { workers, rotations, pgbench } of rates) {
    const ratio = (rotations / pgbench).toFixed(2);
    say(
      `  ${String(workers).padStart(2)} at once: ${rotations.toFixed(0)}/s; pgbench's single-row UPDATE ${pgbench.toFixed(0)}/s; ratio ${ratio}`,
    );
  }
}

async function denylist({ url }: BenchPostgres): Promise<void> {
  const stores = openStores(url);
  const { entries, megabytes, fillMs, pollMs } = await measureCopy(stores);
  await stores.close();
  say(`\nA replica of ${entries.toLocaleString("en")} denials`);
  say(
    `  ${megabytes.toFixed(1)} MB; filled in ${fillMs.toFixed(0)} ms; a poll without news ${pollMs.toFixed(2)} ms`,
  );
  say("\nVerifying an access token and asking the denylist, for one request");
  for (const { denials, replica, strict } of await measureDenylist(url, [DENIALS, 1_000, 0])) {
    say(
      `  ${denials.toLocaleString("en").padStart(7)} denials: replica ${replica.toFixed(1)} µs, strict ${strict.toFixed(0)} µs`,
    );
  }
}

async function unknownKids(server: BenchPostgres): Promise<void> {
  say("\nOne process over HTTP: good requests, alone and beside floods of 10,000 forged tokens");
  for (const { beside, good, outcome, keyReads } of await measureUnknownKids(server)) {
    const forged = Object.entries(outcome).map(([what, count]) => `; forged answered ${what}: ${count}`);
    const reads = `keys read ${keyReads.toFixed(2)} times a second`;
    say(
      `  ${beside.padEnd(12)} ${good.count} good (${good.refused} refused), ${milliseconds(good)}; ${reads}${forged.join("")}`,
    );
  }
}
