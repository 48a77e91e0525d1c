import { randomUUID } from "node:crypto";
import { SettingError } from "@/lib/config/setting-error";
import type { Clock } from "@/lib/crypto/clock";
import { type Redis, type RedisLink, RedisUnavailableError } from "@/lib/redis/redis-link";
import { readEvictionPolicy, readRunId } from "@/lib/redis/server-facts";
import type { Deniable, Denial } from "./denial";
import { keyOf, MARKER } from "./denial-names";

/** Held by the one process that fills it, from batch to batch. */
const FILLING = "latchkey:denylist:filling";
const FILLING_MS = 5_000;
const BATCH = 500;
const WRITE_DEADLINE_MS = 500;
/** Several round trips, the first ones of a connection among them. */
const CHECK_DEADLINE_MS = 1_000;
const NO_EVICTION = "noeviction";

/** Sets the marker, unless whatever emptied Redis meanwhile took the claim to fill it along too. */
const FINISH_FILLING = `
  if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
  redis.call('DEL', KEYS[1])
  redis.call('SET', KEYS[2], ARGV[2])
  return 1`;

/** Reads every denial from the database, now. */
type ReadAll = () => Promise<Iterable<Denial>>;

/**
 * The denials in Redis, which every instance asks. They are believed while the marker is there and this process has
 * no write of its own missing in it; the database is the truth and fills it again.
 */
export class SharedDenials {
  /** Writes of this process that did not reach Redis, and that no filling has made good since. */
  #missingWrites = 0;
  #isEvicting = false;
  #isFilled = false;
  /** How often the connection had been lost when Redis was last known to be the one that was filled. */
  #verifiedAfter = -1;

  constructor(
    private readonly redis: RedisLink,
    private readonly clock: Clock,
  ) {}

  /** Throws `SettingError` for a Redis that may evict; one that does not answer is looked at again later. */
  async start(readAll: ReadAll): Promise<void> {
    try {
      await this.checkEviction();
      if (!(await this.verify())) await this.fill(readAll);
    } catch (error) {
      if (!(error instanceof RedisUnavailableError)) throw error;
    }
    if (this.#isEvicting) {
      throw new SettingError(
        "The Redis of REDIS_URL may evict keys; its maxmemory-policy must be noeviction.",
      );
    }
  }

  /** Whether the token is denied, or null when Redis does not answer or is not believed. One round trip. */
  async find({ jti, sid, kid }: Deniable): Promise<boolean | null> {
    if (!this.#isWhole) return null;
    const keys = [MARKER, keyOf("jti", jti), keyOf("sid", sid), keyOf("kid", kid)];
    const found = await this.redis.call((redis) => redis.mget<(string | null)[]>(...keys)).catch(() => null);
    this.#isFilled = found !== null && found[0] !== null;
    if (found === null || !this.#isFilled) return null;
    return found.slice(1).some((denial) => denial !== null);
  }

  /** Whether the denials are in Redis now. If not, this process does not believe Redis until it has filled it. */
  async write(denials: readonly Denial[]): Promise<boolean> {
    try {
      await this.#writeAll(denials, { isFilling: false });
      return true;
    } catch {
      this.#missingWrites += 1;
      return false;
    }
  }

  /** Writes what others have denied: they, or a process that fills Redis, may have done so already. Rejects when it cannot. */
  writeAgain(denials: readonly Denial[]): Promise<void> {
    return this.#writeAll(denials, { isFilling: false });
  }

  /** Whether Redis holds every denial, as far as can be known. False also when it does not answer. */
  async verify(): Promise<boolean> {
    const lost = this.redis.lostConnections;
    const answer = await this.redis
      .call((redis) => Promise.all([redis.get<string>(MARKER), readRun(redis)]), CHECK_DEADLINE_MS)
      .catch(() => null);
    this.#isFilled = answer !== null && answer[0] === answer[1];
    // One that does not answer is still the same; one that answers otherwise is not believed.
    if (answer !== null) this.#verifiedAfter = this.#isFilled ? lost : -1;
    return this.#isFilled && this.#missingWrites === 0;
  }

  /**
   * Reads the eviction policy: Redis that evicts keys forgets denials, so it is not believed while it may. A managed
   * server that keeps its policy to itself is believed. Rejects when Redis cannot be asked.
   */
  async checkEviction(): Promise<void> {
    const policy = await this.redis.call(readEvictionPolicy, CHECK_DEADLINE_MS);
    this.#isEvicting = policy !== null && policy !== NO_EVICTION;
  }

  get isEvicting(): boolean {
    return this.#isEvicting;
  }

  /** Whether the answers of Redis count at the moment. */
  get isBelieved(): boolean {
    return this.#isFilled && this.#isWhole && !this.redis.isCircuitOpen;
  }

  /** Fills Redis, unless another process is at it. Rejects when Redis cannot be written or the database not read. */
  async fill(readAll: ReadAll): Promise<void> {
    const claim = randomUUID();
    const lost = this.redis.lostConnections;
    const run = await this.redis.call(readRun, CHECK_DEADLINE_MS);
    const isOurs = await this.redis.call((redis) => redis.set(FILLING, claim, { nx: true, px: FILLING_MS }));
    if (isOurs === null) return;
    // A failure from here on counts as one more missing write, to be made good by the next filling.
    this.#missingWrites += 1;
    const madeGood = this.#missingWrites;
    await this.redis.call((redis) => redis.del(MARKER));
    // Not before the claim: what was denied since, and written to Redis before it was emptied, would be missing.
    await this.#writeAll(await readAll(), { isFilling: true });
    const isFilled = await this.redis.call((redis) =>
      redis.eval<[string, string], number>(FINISH_FILLING, [FILLING, MARKER], [claim, run]),
    );
    this.#isFilled = Number(isFilled) === 1;
    if (!this.#isFilled) return;
    this.#missingWrites -= madeGood;
    this.#verifiedAfter = lost;
  }

  /** Whether nothing is known to be missing in it: it is the Redis that was filled, and has forgotten nothing since. */
  get #isWhole(): boolean {
    const isSame = this.#verifiedAfter === this.redis.lostConnections;
    return isSame && this.#missingWrites === 0 && !this.#isEvicting;
  }

  async #writeAll(denials: Iterable<Denial>, { isFilling }: { isFilling: boolean }): Promise<void> {
    for (const batch of inBatches(denials)) {
      const work = (redis: Redis) => {
        const pipeline = redis.pipeline();
        for (const { kind, value, expiresAt } of batch) {
          // A lifetime, not an instant: the clock of Redis is not asked.
          const px = Math.ceil(expiresAt.getTime() - this.clock.now().getTime());
          if (px > 0) pipeline.set(keyOf(kind, value), "1", { px });
        }
        if (isFilling) pipeline.pexpire(FILLING, FILLING_MS);
        return pipeline.length() === 0 ? Promise.resolve([]) : pipeline.exec();
      };
      await this.redis.call(work, WRITE_DEADLINE_MS);
    }
  }
}

/** A managed server that does not say which run it is, is taken to keep what it has acknowledged. */
const readRun = async (redis: Redis): Promise<string> => (await readRunId(redis)) ?? "unknown";

function* inBatches(denials: Iterable<Denial>): Generator<Denial[]> {
  let batch: Denial[] = [];
  for (const denial of denials) {
    batch.push(denial);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
