import { expect } from "vitest";
import type { Instance } from "../../support/cluster";

type PartState = "ok" | "degraded" | "unavailable";

export interface Readiness {
  status: PartState;
  parts: { database: PartState; keys: PartState; denylist: PartState };
}

/** A check of one part is bounded to a second; the rest is for a busy machine. */
const MAX_READYZ_MS = 10_000;
const PATIENCE_MS = 20_000;

/** What /readyz says now. Fails when it takes longer than its bound, or its status does not fit what it says. */
export async function readiness(instance: Instance): Promise<Readiness> {
  const begunAt = performance.now();
  const answer = await instance.request("GET", "/readyz");
  // Soft, because who waits for readiness asks again after a failure.
  expect.soft(performance.now() - begunAt, "/readyz is bounded").toBeLessThan(MAX_READYZ_MS);
  const said = answer.json<Readiness>();
  expect.soft(answer.status, answer.body).toBe(said.status === "unavailable" ? 503 : 200);
  return said;
}

/** Resolves when every one of these says so. */
export async function untilReadyz(
  instances: readonly Instance[],
  expected: Readiness,
  timeout = PATIENCE_MS,
): Promise<void> {
  const said = () => Promise.all(instances.map(readiness));
  await expect.poll(said, { timeout, interval: 50 }).toEqual(instances.map(() => expected));
}

export const WELL: Readiness = {
  status: "ok",
  parts: { database: "ok", keys: "ok", denylist: "ok" },
};

/** Postgres answers in place of Redis. */
export const DEGRADED: Readiness = {
  status: "degraded",
  parts: { database: "ok", keys: "ok", denylist: "degraded" },
};

/** The value of a metric without labels, as this instance shows it to its own machine. */
export async function metric(instance: Instance, name: string): Promise<number> {
  const { body } = await instance.request("GET", "/metrics");
  const [, value] = new RegExp(`^${name} (\\S+)$`, "m").exec(body) ?? [];
  return Number(value ?? Number.NaN);
}

/** Resolves when each of these leaves Redis alone (open), or asks it (closed). */
export async function untilCircuit(instances: readonly Instance[], state: "open" | "closed"): Promise<void> {
  const shown = () =>
    Promise.all(instances.map((instance) => metric(instance, "latchkey_redis_circuit_open")));
  const expected = instances.map(() => (state === "open" ? 1 : 0));
  await expect.poll(shown, { timeout: PATIENCE_MS, interval: 50 }).toEqual(expected);
}
