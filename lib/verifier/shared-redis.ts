import { keyOf, MARKER } from "@/lib/revocation/denial-names";
import type { SharedRedisClient } from "./options";
import type { RevocableToken, Revocations } from "./revocations";

const DEADLINE_MS = 50;
const READY_MS = 10_000;
const READY_AGAIN_MS = 100;

/** Nobody's token: asking for it shows whether anybody answers. */
const PROBE: RevocableToken = { jti: "probe", sid: "probe", kid: "probe" };

/**
 * What is revoked, as the issuer's instances share it in Redis; one round trip for each token. The answer is `unknown`
 * while Redis does not answer at once, or has not been filled since it lost what it held.
 */
export class SharedRedis implements Revocations {
  #isClosed = false;

  constructor(private readonly redis: SharedRedisClient) {}

  async isDenied({ jti, sid, kid }: RevocableToken): Promise<boolean | "unknown"> {
    const found = await this.#read([MARKER, keyOf("jti", jti), keyOf("sid", sid), keyOf("kid", kid)]);
    if (found === null) return "unknown";
    const [marker, ...denials] = found;
    return isThere(marker) ? denials.some(isThere) : "unknown";
  }

  /** Its pauses keep the process running: whoever waits for it is to hear the reason. */
  async ready(): Promise<void> {
    const deadline = performance.now() + READY_MS;
    while ((await this.isDenied(PROBE)) === "unknown") {
      if (this.#isClosed || performance.now() >= deadline) {
        throw new Error(
          "The revocations cannot be read: Redis does not answer, or is not filled by Latchkey.",
        );
      }
      await new Promise((resolve) => setTimeout(resolve, READY_AGAIN_MS));
    }
  }

  /** The client of Redis is not ours to close. */
  close(): void {
    this.#isClosed = true;
  }

  /** A value for each key, or null when there is no such answer in time. */
  #read(keys: string[]): Promise<unknown[] | null> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(null), DEADLINE_MS);
      if (typeof timer === "object") timer.unref();
      const settle = (found: unknown) => {
        clearTimeout(timer);
        resolve(Array.isArray(found) && found.length === keys.length ? found : null);
      };
      // Within a promise: a client may also throw at once.
      Promise.resolve()
        .then(() => this.redis.mget(...keys))
        .then(settle, () => settle(null));
    });
  }
}

const isThere = (value: unknown): boolean => (value ?? null) !== null;
