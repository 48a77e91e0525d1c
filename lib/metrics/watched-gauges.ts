import { Gauge, type Registry } from "prom-client";

/** What is read at each scrape. Null: there is nothing to say, and the metric has no sample. */
export interface Readings {
  denylistEntries(): number | null;
  denylistAgeSeconds(): number | null;
  isRedisCircuitOpen(): boolean | null;
  unusableKeys(): number;
  secondsToNextKey(): number | null;
}

/** Gauges whose values stand elsewhere. Without samples until somebody watches. */
export function createWatchedGauges(registry: Registry): (readings: Readings) => void {
  let readings: Readings | null = null;
  const gauge = (name: string, help: string, read: (from: Readings) => number | boolean | null) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        const value = readings && read(readings);
        if (value === null) this.remove();
        else this.set(Number(value));
      },
    });
  gauge(
    "latchkey_denylist_entries",
    "Denials that this process knows of: all with Redis or as a replica, otherwise its own.",
    (from) => from.denylistEntries(),
  );
  gauge("latchkey_denylist_age_seconds", "Since this process's copy of the denylist was last read.", (from) =>
    from.denylistAgeSeconds(),
  );
  gauge("latchkey_redis_circuit_open", "1 while Redis is not asked because it has failed.", (from) =>
    from.isRedisCircuitOpen(),
  );
  gauge(
    "latchkey_unusable_keys",
    "Live signing keys that this process cannot use; the log says why.",
    (from) => from.unusableKeys(),
  );
  gauge(
    "latchkey_next_key_seconds",
    "Until the staged key signs; below zero while the rotation is overdue.",
    (from) => from.secondsToNextKey(),
  );
  return (given) => {
    readings = given;
  };
}
