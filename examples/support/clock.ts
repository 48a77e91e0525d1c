const CLOCK = new URL("../../e2e/instances/faults/support/shifted-clock.mjs", import.meta.url).href;

/** The environment of a process for which it is so much later. */
export const laterBy = (seconds: number): Record<string, string> => ({
  NODE_OPTIONS: `--import=${CLOCK}`,
  CLOCK_SHIFT_MS: String(seconds * 1000),
});
