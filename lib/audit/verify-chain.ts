import { CHAIN_START, type ChainedEvent, hashOf, type Link } from "./chain";

/**
 * What is wrong with a link, in the order in which it is looked for:
 * - `position`: the event is not the next one; one is missing, or was put in between;
 * - `previous_hash`: it does not carry the hash of the event before;
 * - `content`: its hash is not that of what it says;
 * - `rewritten`: everything fits, but it is not the event that was noted for this position;
 * - `truncated`: the chain ends before the position that was noted.
 */
export type Fault = "position" | "previous_hash" | "content" | "rewritten" | "truncated";

export interface BrokenLink {
  position: number;
  /** The event found there; null where the chain ends. */
  eventId: number | null;
  fault: Fault;
}

export interface Verification {
  /** The last event that is whole. */
  head: Link;
  brokenLink: BrokenLink | null;
}

/**
 * Follows the chain from its start to its end, or to the first broken link. `noted` is a head that was printed earlier
 * and kept elsewhere: the hashes have no key, so a chain that was rewritten or cut off can only be told by it.
 */
export async function verifyChain(
  batches: AsyncIterable<readonly ChainedEvent[]>,
  noted: Link | null,
  onProgress: (position: number) => void,
): Promise<Verification> {
  let head = CHAIN_START;
  for await (const batch of batches) {
    for (const event of batch) {
      const fault = faultOf(event, head, noted);
      if (fault !== null) return brokenAfter(head, event.id, fault);
      head = { position: event.position, hash: event.hash };
    }
    onProgress(head.position);
  }
  if (noted !== null && noted.position > head.position) return brokenAfter(head, null, "truncated");
  return { head, brokenLink: null };
}

function faultOf(event: ChainedEvent, before: Link, noted: Link | null): Fault | null {
  if (event.position !== before.position + 1) return "position";
  if (event.previousHash !== before.hash) return "previous_hash";
  if (event.hash !== hashOf(event)) return "content";
  if (noted?.position === event.position && noted.hash !== event.hash) return "rewritten";
  return null;
}

const brokenAfter = (head: Link, eventId: number | null, fault: Fault): Verification => ({
  head,
  brokenLink: { position: head.position + 1, eventId, fault },
});
