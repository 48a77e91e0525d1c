import { LRUCache } from "lru-cache";
import { isFeedToken } from "@/lib/audiences/feed-token";
import { sha256 } from "@/lib/crypto/derive-key";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { bearerToken } from "@/lib/policy/authorization-header";
import { addressBucket } from "@/lib/policy/client-address";
import type { ApiCall } from "./api";

/** After so many unknown tokens of one address in one window, more of them are told to wait for the end of it. */
const MAX_UNKNOWN = 30;
/** After so many nothing of that address is looked up any more, but for readers that were let in before. */
const MAX_LOOKUPS = 3_000;
const WINDOW_MS = 60_000;
const MAX_ADDRESSES = 10_000;
const MAX_READERS = 10_000;

/** How many there are of an address in the window that the first one has opened. */
const unknownBy = new LRUCache<string, number>({ max: MAX_ADDRESSES, ttl: WINDOW_MS, noUpdateTTL: true });

/** Digests of tokens that were good: their readers are not made to wait for a stranger at the same address. */
const readers = new LRUCache<string, true>({ max: MAX_READERS });

/**
 * Lets a service with a feed token of its own pass; nothing else that a caller may hold is looked at. A token is looked
 * up before anybody is told to wait, since a service may share its address with whoever guesses. Guesses are counted in
 * this process alone: they are hopeless, and must only not keep the database busy.
 * Throws `not_authenticated`, `invalid_token`, `rate_limited`.
 */
export async function requireFeedReader({ request, latchkey, client }: ApiCall): Promise<void> {
  const bearer = bearerToken(request.headers);
  if (bearer.kind === "none") throw new LatchkeyError("not_authenticated");
  if (bearer.kind === "malformed" || !isFeedToken(bearer.token)) throw new LatchkeyError("invalid_token");
  const hash = sha256(bearer.token);
  const name = Buffer.from(hash).toString("base64url");
  const address = addressBucket(client.ip);
  const unknown = count(address, 1);
  if (unknown > MAX_LOOKUPS && !readers.has(name)) throw tooMany(address);
  if ((await latchkey.stores.audiences.findByFeedTokenHash(hash)) !== null) {
    readers.set(name, true);
    count(address, -1);
    return;
  }
  readers.delete(name);
  if (unknown > MAX_UNKNOWN) throw tooMany(address);
  throw new LatchkeyError("invalid_token", { reason: "no such feed token" });
}

/** Says how many there are now. Counted before it is known, so that many at once are counted like many in a row. */
function count(address: string, more: 1 | -1): number {
  const unknown = (unknownBy.get(address) ?? 0) + more;
  unknownBy.set(address, unknown);
  return unknown;
}

const tooMany = (address: string): LatchkeyError =>
  new LatchkeyError("rate_limited", {
    retryAfterSeconds: Math.ceil(unknownBy.getRemainingTTL(address) / 1000),
  });
