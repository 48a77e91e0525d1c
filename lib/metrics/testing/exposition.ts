/** What a scrape holds: each time series as it is written (`name{label="value"}`) and its value. */
export type Samples = ReadonlyMap<string, number>;

const HELP = /^# HELP [a-z_:][a-z0-9_:]* \S/i;
const TYPE = /^# TYPE ([a-z_:][a-z0-9_:]*) (counter|gauge|histogram)$/i;
const LABEL = '[a-z_][a-z0-9_]*="(?:[^"\\\\]|\\\\["\\\\n])*"';
const SAMPLE = new RegExp(
  `^(([a-z_:][a-z0-9_:]*)(?:\\{${LABEL}(?:,${LABEL})*\\})?) (-?[0-9.]+(?:e[+-]?[0-9]+)?|NaN|[+-]Inf)$`,
  "i",
);

/** Reads Prometheus's text format 0.0.4. Throws an Error that names the first line that is not of it. */
export function parseExposition(text: string): Samples {
  if (!text.endsWith("\n")) throw new Error("The last line does not end.");
  const types = new Map<string, string>();
  const samples = new Map<string, number>();
  for (const line of text.split("\n").filter((line) => line !== "")) {
    const isNew = line.startsWith("#") ? readComment(line, types) : readSample(line, types, samples);
    if (!isNew) throw new Error(`Not a line of the format, or a second time: ${line}`);
  }
  return samples;
}

function readComment(line: string, types: Map<string, string>): boolean {
  if (HELP.test(line)) return true;
  const [, name = "", type = ""] = TYPE.exec(line) ?? [];
  if (name === "" || types.has(name)) return false;
  types.set(name, type);
  return true;
}

function readSample(line: string, types: Map<string, string>, samples: Map<string, number>): boolean {
  const [, series = "", name = "", value = ""] = SAMPLE.exec(line) ?? [];
  const family = name.replace(/_(bucket|sum|count)$/, "");
  const hasType = types.has(name) || types.get(family) === "histogram";
  if (!hasType || samples.has(series)) return false;
  samples.set(series, Number(value.replace("Inf", "Infinity")));
  return true;
}

/** The values that a label has anywhere in the scrape. */
export function labelValues(samples: Samples, label: string): Set<string> {
  const value = new RegExp(`[{,]${label}="([^"]*)"`);
  return new Set([...samples.keys()].flatMap((series) => value.exec(series)?.[1] ?? []));
}

/** By how much each time series has grown that has. */
export function growth(before: Samples, after: Samples): Record<string, number> {
  const grown = [...after].map(([series, value]) => [series, value - (before.get(series) ?? 0)] as const);
  return Object.fromEntries(grown.filter(([, by]) => by > 0));
}
