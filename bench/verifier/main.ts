import { ALGORITHMS, type Algorithm } from "../../lib/keys/algorithms";
import { percentiles } from "../scale/measure";
import { type Contender, prepareRace, type Verify } from "./contenders";

/**
 * What checking a token takes: the kit beside bare jose with the same checks, and beside fast-jwt. Each call gets a new
 * string, as a server does. Rounds go in turn and the best of each counts, so that what else the machine does meets
 * none of them.
 */

const TOKENS = 1_000;
const ROUNDS = 9;
const WARM_PASSES = 20;

/** A token that was never seen: every token once, by a new one. Else: all of them again and again. */
type Kind = "cold" | "warm";

interface Result {
  rates: number[];
  microseconds: number[];
}

async function run(verify: Verify, tokens: readonly Buffer[], passes: number): Promise<number> {
  const begunAt = performance.now();
  for (let pass = 0; pass < passes; pass += 1) {
    for (const bytes of tokens) {
      const verdict = verify(bytes.toString("latin1"));
      if (verdict instanceof Promise) await verdict;
    }
  }
  return (tokens.length * passes) / ((performance.now() - begunAt) / 1000);
}

async function timeEach(verify: Verify, tokens: readonly Buffer[]): Promise<number[]> {
  const taken: number[] = [];
  for (const bytes of tokens) {
    const begunAt = performance.now();
    const verdict = verify(bytes.toString("latin1"));
    if (verdict instanceof Promise) await verdict;
    taken.push((performance.now() - begunAt) * 1000);
  }
  return taken;
}

async function round(
  contender: Contender,
  kind: Kind,
  tokens: readonly Buffer[],
  result: Result,
): Promise<void> {
  const verify = await contender.open();
  if (kind === "warm") await run(verify, tokens, 1);
  globalThis.gc?.();
  result.rates.push(await run(verify, tokens, kind === "warm" ? WARM_PASSES : 1));
  result.microseconds.push(...(await timeEach(kind === "warm" ? verify : await contender.open(), tokens)));
}

/** All accept an honest token, and none its neighbour with a character changed. */
async function requireAgreement(
  contenders: readonly Contender[],
  [token = Buffer.of()]: readonly Buffer[],
): Promise<void> {
  const honest = token.toString();
  for (const { name, open } of contenders) {
    const verify = await open();
    const judge = async (text: string) => (await verify(text)) as { ok?: boolean };
    if ((await judge(honest)).ok === false) throw new Error(`${name} refuses an honest token.`);
    const forged = await judge(honest.replace(/.{10}$/, "AAAAAAAAAA")).catch(() => ({ ok: false }));
    if (forged.ok !== false) throw new Error(`${name} accepts a forged token.`);
  }
}

async function race(algorithm: Algorithm): Promise<void> {
  const { tokens, ...contenders } = await prepareRace(algorithm, TOKENS);
  await requireAgreement(Object.values(contenders), tokens);
  const entries: [Contender, Kind][] = [
    [contenders.bareJose, "cold"],
    [contenders.kit, "cold"],
    [contenders.fastJwt, "cold"],
    [contenders.fastJwtCached, "warm"],
    [contenders.kit, "warm"],
    [contenders.kitWithFeed, "warm"],
  ];
  const results = entries.map((): Result => ({ rates: [], microseconds: [] }));
  for (let n = 0; n <= ROUNDS; n += 1) {
    for (const [index, [contender, kind]] of entries.entries()) {
      // The first round warms up.
      const counted = n === 0 ? { rates: [], microseconds: [] } : (results[index] as Result);
      await round(contender, kind, tokens, counted);
    }
  }
  const rates = results.map(({ rates }) => Math.max(...rates));
  for (const [index, [{ name }, kind]] of entries.entries()) {
    const { p50, p99 } = percentiles(results[index]?.microseconds ?? []);
    const rate = `${(rates[index] ?? 0).toFixed(0).padStart(8)}/s`;
    say(
      `${algorithm}  ${kind}  ${name.padEnd(18)} ${rate}  p50 ${p50.toFixed(1)} us  p99 ${p99.toFixed(1)} us`,
    );
  }
  const [jose = 0, kitCold = 0, , fastCached = 0, kitWarm = 0, kitFed = 0] = rates;
  say(`${algorithm}  cold, against jose: ${((kitCold / jose - 1) * 100).toFixed(1)} %`);
  const times = [kitWarm, kitFed].map((rate) => (rate / fastCached).toFixed(2)).join(", with the feed ");
  say(`${algorithm}  warm, against fast-jwt cached: ${times} times\n`);
}

const say = (line: string): boolean => process.stdout.write(`${line}\n`);

for (const algorithm of Object.keys(ALGORITHMS) as Algorithm[]) await race(algorithm);
process.exit();
