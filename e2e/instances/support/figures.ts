/** Prints a line of figures among the results of the tests. */
export function printFigures(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The value that this share of all values does not exceed; 0 of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

export const spread = (values: readonly number[]): string =>
  [
    `p50 ${percentile(values, 0.5).toFixed(0)} ms`,
    `p99 ${percentile(values, 0.99).toFixed(0)} ms`,
    `max ${Math.max(0, ...values).toFixed(0)} ms`,
  ].join(", ");
