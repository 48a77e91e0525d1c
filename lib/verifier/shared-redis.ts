import { keyOf, MARKER } from "@/lib/revocation/denial-names";
import type { SharedRedisClient } from "./options";
import { createRevocations, type IsDenied, type Revocations } from "./revocations";

const DEADLINE_MS = 50;

/**
 * What is revoked, as the issuer's instances share it in Redis; one round trip for each token. The answer is `unknown`
 * while Redis does not answer at once, or has not been filled since it lost what it held. The client is not ours to close.
 */
export const openSharedRedis = (client: SharedRedisClient): Revocations =>
  createRevocations(
    async ({ jti, sid, kid }): Promise<IsDenied> => {
      const keys = [MARKER, keyOf("jti", jti), keyOf("sid", sid), keyOf("kid", kid)];
      const deadline = new Promise((resolve) => {
        // A process that was busy reads what has arrived meanwhile only after its timers.
        setTimeout(setImmediate, DEADLINE_MS, resolve);
      });
      try {
        const found: unknown = await Promise.race([client.mget(...keys), deadline]);
        if (!Array.isArray(found) || found.length !== keys.length) return "unknown";
        const [isFilled, ...denials] = found.map((value) => value != null);
        return isFilled ? denials.includes(true) : "unknown";
      } catch {
        return "unknown";
      }
    },
    () => new Error("Redis cannot be read or is not filled."),
  );
