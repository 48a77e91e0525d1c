import { createHash } from "node:crypto";
import { canonicalJson, type Json } from "./canonical-json";
import type { AuditEventType } from "./events";

/** An event of the chain, as `audit export` writes it. */
export interface ChainedEvent {
  id: number;
  /** 1 for the first event, and one more for each. */
  position: number;
  /** UTC with milliseconds: `2027-03-01T12:00:00.000Z`. */
  at: string;
  type: string;
  actorId: string | null;
  userId: string | null;
  sessionId: string | null;
  ip: string | null;
  userAgent: string | null;
  details: Json;
  /** SHA-256 in lower-case hexadecimal digits, like `hash`. */
  previousHash: string;
  hash: string;
}

/** A place in the chain. Its hash stands for everything up to it. */
export interface Link {
  position: number;
  hash: string;
}

/** What the first event follows: 32 zero bytes. */
export const CHAIN_START: Link = { position: 0, hash: "0".repeat(64) };

/**
 * The hash of an event: SHA-256 over the 32 bytes of `previousHash`, followed by the UTF-8 of the RFC 8785 form of its
 * other members without `hash`: `actorId`, `at`, `details`, `id`, `ip`, `position`, `sessionId`, `type`, `userAgent`
 * and `userId`, all of them always there.
 */
export function hashOf(event: Omit<ChainedEvent, "hash"> & { hash?: string }): string {
  const { previousHash, hash: _own, ...content } = event;
  return createHash("sha256").update(previousHash, "hex").update(canonicalJson(content)).digest("hex");
}

/** Which events to read; null stands for all. */
export interface EventFilter {
  /** No earlier than this. */
  from: Date | null;
  /** Earlier than this. */
  to: Date | null;
  type: AuditEventType | null;
}

/** Events that no hash protects yet. */
export interface Unchained {
  count: number;
  oldestAt: Date | null;
}

/**
 * The hash chain over the audit log. Events are recorded without a place in it, so that recording waits for nobody;
 * `chainNew` gives them one afterwards, in the order of their ids as far as they are committed by then.
 */
export interface AuditChain {
  /**
   * Chains all events that are committed and not chained, in short transactions. Returns how many it did. Any number
   * of instances may call it at once: one of them works, for the others there is nothing to do.
   */
  chainNew(): Promise<number>;
  unchained(): Promise<Unchained>;
  /** The last event of the chain, or `CHAIN_START`. */
  head(): Promise<Link>;
  /** The chain from its start in batches, however long it is. A batch may be empty. */
  read(filter: EventFilter): AsyncIterable<readonly ChainedEvent[]>;
}
