import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { readSettings } from "../../lib/config/settings";
import { systemClock } from "../../lib/crypto/clock";
import { DenialCopy } from "../../lib/revocation/denial-copy";
import { createServices, type Services } from "../../lib/services";
import { authenticate } from "../../lib/sessions/authenticate";
import type { DatabaseStores } from "../../lib/store/stores";
import { userIdOf } from "./seed";

const ROUNDS = 20_000;
const secret = randomBytes(32).toString("base64url");

export interface DenylistFigures {
  denials: number;
  /** What a request pays to have its access token verified and the denylist asked, in microseconds. */
  replica: number;
  strict: number;
}

/** Takes from the end of the denylist until so many are left, and measures at each of the sizes, the largest first. */
export async function measureDenylist(url: string, sizes: readonly number[]): Promise<DenylistFigures[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const figures = [];
  for (const denials of sizes) {
    await client.query(
      "DELETE FROM denials WHERE value IN (SELECT value FROM denials ORDER BY value OFFSET $1)",
      [denials],
    );
    await client.query("VACUUM ANALYZE denials");
    figures.push({
      denials,
      replica: await costOfVerification(url, "replica", ROUNDS),
      strict: await costOfVerification(url, "strict", ROUNDS / 10),
    });
  }
  await client.end();
  return figures;
}

async function costOfVerification(url: string, mode: "replica" | "strict", rounds: number): Promise<number> {
  const settings = readSettings({
    DATABASE_URL: url,
    APP_SECRET: secret,
    REVOCATION: mode,
    LOG_LEVEL: "silent",
  });
  const latchkey = createServices(settings);
  await latchkey.start();
  try {
    const token = await issueToken(latchkey);
    await repeatedly(rounds / 10, () => verify(latchkey, token));
    const start = performance.now();
    await repeatedly(rounds, () => verify(latchkey, token));
    return ((performance.now() - start) / rounds) * 1000;
  } finally {
    await latchkey.stop();
  }
}

async function issueToken({ sessions }: Services): Promise<string> {
  const subject = {
    userId: userIdOf(1),
    role: "user",
    sessionId: randomBytes(16).toString("base64url"),
    generation: 0,
    authenticatedAt: new Date(),
    sessionExpiresAt: new Date(Date.now() + 86_400_000),
  } as const;
  return (await sessions.issueAccessToken(subject, new Date())).accessToken;
}

async function verify({ sessions }: Services, token: string): Promise<void> {
  const authentication = await authenticate(sessions, token);
  if (!authentication.ok) throw new Error(`The token was refused: ${authentication.reason}.`);
}

async function repeatedly(times: number, work: () => Promise<unknown>): Promise<void> {
  for (let n = 0; n < times; n += 1) await work();
}

export interface CopyFigures {
  entries: number;
  megabytes: number;
  fillMs: number;
  pollMs: number;
}

/** What a replica of everything that is denied takes, to fill and to keep. Needs `--expose-gc`. */
export async function measureCopy(stores: DatabaseStores): Promise<CopyFigures> {
  // Once before, so that what the client keeps for itself is not counted.
  await new DenialCopy(stores.denials, systemClock).sync();
  const copy = new DenialCopy(stores.denials, systemClock);
  const before = heapBytes();
  const fillMs = await timed(() => copy.sync());
  const megabytes = (heapBytes() - before) / 1_000_000;
  const pollMs = await timed(() => repeatedly(100, () => copy.sync()));
  return { entries: copy.size, megabytes, fillMs, pollMs: pollMs / 100 };
}

function heapBytes(): number {
  if (globalThis.gc === undefined) throw new Error("Run this with --expose-gc.");
  for (let n = 0; n < 3; n += 1) globalThis.gc();
  return process.memoryUsage().heapUsed;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
