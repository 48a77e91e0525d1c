import { LRUCache } from "lru-cache";
import { sha256 } from "@/lib/crypto/derive-key";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { bearerToken } from "@/lib/policy/authorization-header";
import { addressBucket } from "@/lib/policy/client-address";
import type { ApiCall } from "./api";

/** So many unknown tokens of one address are looked up in one window; then it has to wait for the end of it. */
const MAX_UNKNOWN = 30;
const WINDOW_MS = 60_000;
const MAX_ADDRESSES = 10_000;
const MAX_READERS = 10_000;

const unknownBy = new LRUCache<string, { count: number }>({ max: MAX_ADDRESSES, ttl: WINDOW_MS });

/** Digests of tokens that were good: their readers are not made to wait for a stranger at the same address. */
const readers = new LRUCache<string, true>({ max: MAX_READERS });

/**
 * Lets a service with a feed token of its own pass; nothing else that a caller may hold is looked at. Guesses are
 * counted in this process alone: they are hopeless, and must only not reach the database.
 * Throws `not_authenticated`, `invalid_token`, `rate_limited`.
 */
export async function requireFeedReader({ request, latchkey, client }: ApiCall): Promise<void> {
  const bearer = bearerToken(request.headers);
  if (bearer.kind === "none") throw new LatchkeyError("not_authenticated");
  if (bearer.kind === "malformed") throw new LatchkeyError("invalid_token");
  const hash = sha256(bearer.token);
  const name = Buffer.from(hash).toString("base64url");
  const address = addressBucket(client.ip);
  if (!readers.has(name)) requirePatience(address);
  if ((await latchkey.stores.audiences.findByFeedTokenHash(hash)) !== null) {
    readers.set(name, true);
    return;
  }
  readers.delete(name);
  countUnknown(address);
  throw new LatchkeyError("invalid_token", { reason: "no such feed token" });
}

function requirePatience(address: string): void {
  if ((unknownBy.get(address)?.count ?? 0) < MAX_UNKNOWN) return;
  const retryAfterSeconds = Math.ceil(unknownBy.getRemainingTTL(address) / 1000);
  throw new LatchkeyError("rate_limited", { retryAfterSeconds });
}

/** In the window that the first one has opened. */
function countUnknown(address: string): void {
  const counted = unknownBy.get(address);
  if (counted === undefined) unknownBy.set(address, { count: 1 });
  else counted.count += 1;
}
