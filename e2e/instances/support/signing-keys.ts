import { expect } from "vitest";
import { KEY_RETIRING_SECONDS, KEY_STAGED_SECONDS } from "@/lib/config/durations";
import type { Cluster, Server } from "./cluster";
import type { Visitor } from "./visitor";

export interface KeyRow {
  kid: string;
  state: "staged" | "active" | "retiring" | "retired" | "revoked";
  algorithm: string;
  custody: string;
  created_at: Date;
  activates_at: Date | null;
  retiring_at: Date | null;
}

/** Every key there ever was, the oldest first. */
export const listKeys = (cluster: Cluster): Promise<KeyRow[]> =>
  cluster.sql<KeyRow>(
    "SELECT kid, state, algorithm, custody, created_at, activates_at, retiring_at FROM signing_keys ORDER BY created_at, kid",
  );

/** The one key in this state. Throws when there is none, or another. */
export async function keyIn(cluster: Cluster, state: KeyRow["state"], algorithm = "ES256"): Promise<KeyRow> {
  const keys = (await listKeys(cluster)).filter((key) => key.state === state && key.algorithm === algorithm);
  const [key] = keys;
  if (key === undefined || keys.length > 1) throw new Error(`${keys.length} keys are ${state}.`);
  return key;
}

/** The past moves, because the database's clock cannot be: it was staged so long ago. */
export async function stageEarlier(
  cluster: Cluster,
  kid: string,
  seconds = KEY_STAGED_SECONDS,
): Promise<void> {
  await cluster.sql("UPDATE signing_keys SET created_at = now() - $2 * interval '1 s' WHERE kid = $1", [
    kid,
    seconds,
  ]);
}

/** As if the time for which a key that no longer signs is published were over. */
export async function endRetiring(cluster: Cluster, kid: string): Promise<void> {
  await cluster.sql(
    "UPDATE signing_keys SET retiring_at = retiring_at - $2 * interval '1 s' WHERE kid = $1",
    [kid, KEY_RETIRING_SECONDS],
  );
}

/** "Rotate now", at this instance: which key will sign, and from when. */
export async function rotateNow(admin: Visitor, at: Server): Promise<{ kid: string; signsFrom: Date }> {
  const answer = await admin.request(at, "POST", "/api/admin/keys/rotate", { body: { reason: "a test" } });
  expect(answer.status, answer.body).toBe(200);
  const { kid, signsFrom } = answer.json<{ kid: string; signsFrom: string }>();
  return { kid, signsFrom: new Date(signsFrom) };
}
