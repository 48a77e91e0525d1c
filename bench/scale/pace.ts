import { setTimeout as pause } from "node:timers/promises";

/**
 * Begins the work so many times a second, evenly and whatever becomes of what was begun before; waits for the last.
 * Rejects at the end when any of it has.
 */
export async function evenly(
  perSecond: number,
  work: (n: number) => Promise<void>,
  isOver: (n: number) => boolean,
): Promise<void> {
  const begun: Promise<void>[] = [];
  const start = performance.now();
  for (let n = 0; !isOver(n); n += 1) {
    const waitMs = start + (n / perSecond) * 1_000 - performance.now();
    if (waitMs > 0) await pause(waitMs);
    const done = work(n);
    done.catch(() => undefined);
    begun.push(done);
  }
  await Promise.all(begun);
}
