import { expect } from "vitest";
import type { Answer, Cluster } from "./cluster";
import { freshAddress } from "./visitor";

const WRONG = "not the password of anybody";

export interface Attempt {
  email: string;
  /** A wrong one by default. */
  password?: string;
  /** What the proxy says of where it comes from; by default somewhere new. */
  from?: string;
  /** Which instance is asked. */
  at?: number;
}

/** A program without cookies tries to sign in. */
export function attempt(
  cluster: Cluster,
  { email, password = WRONG, from, at = 0 }: Attempt,
): Promise<Answer> {
  const headers = { "x-forwarded-for": from ?? freshAddress() };
  return cluster.instance(at).request("POST", "/api/auth/login", { headers, body: { email, password } });
}

/** One guess after the other until one is refused unseen: its number, or null after `most`. */
export async function guessUntilLimited(
  most: number,
  guess: (index: number) => Promise<Answer>,
): Promise<number | null> {
  for (let index = 1; index <= most; index += 1) {
    const { status, headers } = await guess(index);
    if (status === 429) {
      expect(headers["retry-after"]).toMatch(/^[1-9]\d*$/);
      return index;
    }
    expect(status).toBe(401);
  }
  return null;
}

/** Three for each of three instances: a limiter has three connections, and who waits too long for one is not counted. */
const AT_ONCE = 9;

/** Asks so many times, several at once, each instance as often as the others. How often each status was answered. */
export async function countStatuses(
  count: number,
  ask: (index: number) => Promise<Answer>,
): Promise<Record<number, number>> {
  const counts: Record<number, number> = {};
  const askInTurn = async (first: number) => {
    for (let index = first; index < count; index += AT_ONCE) {
      const { status } = await ask(index);
      counts[status] = (counts[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, first) => askInTurn(first)));
  return counts;
}
