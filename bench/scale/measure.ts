/** Durations in milliseconds, summed up. */
export interface Percentiles {
  p50: number;
  p99: number;
  max: number;
}

/** Runs the work so many times, one after the other; the first tenth warms up and is not counted. */
export async function timeEach(times: number, work: (n: number) => Promise<unknown>): Promise<Percentiles> {
  const warmUp = Math.ceil(times / 10);
  const taken: number[] = [];
  for (let n = 0; n < times + warmUp; n += 1) {
    const start = performance.now();
    await work(n);
    if (n >= warmUp) taken.push(performance.now() - start);
  }
  return percentiles(taken);
}

export function percentiles(taken: readonly number[]): Percentiles {
  const sorted = taken.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** How many times a second the work is done by so many workers at once, over so many seconds. */
export async function ratePerSecond(
  workers: number,
  seconds: number,
  work: (n: number) => Promise<unknown>,
): Promise<number> {
  const start = performance.now();
  const end = start + seconds * 1000;
  let done = 0;
  const worker = async () => {
    while (performance.now() < end) {
      done += 1;
      await work(done);
    }
  };
  await Promise.all(Array.from({ length: workers }, worker));
  return done / ((performance.now() - start) / 1000);
}

export const milliseconds = ({ p50, p99, max }: Percentiles): string =>
  `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, worst ${max.toFixed(1)} ms`;
