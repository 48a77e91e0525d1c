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

/** How often each status was answered. */
export async function countStatuses(answers: Promise<Answer>[]): Promise<Record<number, number>> {
  const counts: Record<number, number> = {};
  for (const { status } of await Promise.all(answers)) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
