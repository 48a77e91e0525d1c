import { Counter, type Registry } from "prom-client";

interface CounterFacts<Value extends string> {
  name: string;
  help: string;
  label: string;
  values: readonly Value[];
}

/**
 * A counter with one label, which takes the listed values and no other: nothing that a caller sends makes a time
 * series. Every value is there from the start, so that its first increase is seen.
 */
export class LabelledCounter<Value extends string> {
  readonly #byValue: ReadonlyMap<string, Counter.Internal>;

  constructor(registry: Registry, { name, help, label, values }: CounterFacts<Value>) {
    const counter = new Counter({ name, help, labelNames: [label], registers: [registry] });
    this.#byValue = new Map(values.map((value) => [value, counter.labels(value)]));
    for (const series of this.#byValue.values()) series.inc(0);
  }

  inc(value: Value, by = 1): void {
    this.#byValue.get(value)?.inc(by);
  }
}
