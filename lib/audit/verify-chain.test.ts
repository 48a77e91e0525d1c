import { describe, expect, it } from "vitest";
import { CHAIN_START, type ChainedEvent, hashOf, type Link } from "./chain";
import { verifyChain } from "./verify-chain";

const LENGTH = 5;

function chainOf(details: readonly ChainedEvent["details"][]): ChainedEvent[] {
  let before = CHAIN_START;
  return details.map((own, n) => {
    const unhashed = {
      ...content(n),
      details: own,
      position: before.position + 1,
      previousHash: before.hash,
    };
    const event = { ...unhashed, hash: hashOf(unhashed) };
    before = event;
    return event;
  });
}

const content = (n: number) => ({
  id: 100 + n,
  at: "2027-03-01T12:00:00.000Z",
  type: "session.ended",
  actorId: null,
  userId: "018f0000-0000-7000-8000-000000000001",
  sessionId: "s1",
  ip: "192.0.2.1",
  userAgent: "Firefox",
});

const chain = (): ChainedEvent[] => chainOf(Array.from({ length: LENGTH }, (_, n) => ({ n })));

async function* inBatches(
  events: readonly ChainedEvent[],
  size = 2,
): AsyncGenerator<readonly ChainedEvent[]> {
  for (let start = 0; start < events.length; start += size) yield events.slice(start, start + size);
}

const verify = (events: readonly ChainedEvent[], noted: Link | null = null) =>
  verifyChain(inBatches(events), noted, () => {});

describe("the hash of an event", () => {
  it("is the one that an earlier release gave it", () => {
    const [first] = chainOf([{ b: 'é"', a: [1.5, null, true] }]);
    // Python: hashlib.sha256(bytes(32) + json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())
    expect(first?.hash).toBe("bf945bee85bf15299a24989e75dd79d0758c0d0f2f4ed8d39d6fa1b6194be3ff");
  });

  it.each<[keyof ChainedEvent, unknown]>([
    ["id", 101],
    ["position", 2],
    ["at", "2027-03-01T12:00:00.001Z"],
    ["type", "session.started"],
    ["actorId", "s1"],
    ["userId", null],
    ["sessionId", ""],
    ["ip", null],
    ["userAgent", "Firefox "],
    ["details", { n: "0" }],
    ["previousHash", "1".repeat(64)],
  ])("depends on its %s", (name, value) => {
    const event = chain()[0] as ChainedEvent;
    expect(hashOf({ ...event, [name]: value })).not.toBe(event.hash);
  });

  it("does not depend on the order of members, nor on the hash it had", () => {
    const event = chainOf([{ a: 1, b: 2 }])[0] as ChainedEvent;
    const reversed = Object.fromEntries(Object.entries(event).reverse()) as unknown as ChainedEvent;
    expect(hashOf({ ...reversed, details: { b: 2, a: 1 }, hash: "" })).toBe(event.hash);
  });
});

describe("a chain", () => {
  it("of no events is whole", async () => {
    expect(await verify([])).toEqual({ head: CHAIN_START, brokenLink: null });
  });

  it("is whole to its last event, batch after batch", async () => {
    const events = chain();
    const seen: number[] = [];
    const found = await verifyChain(inBatches(events), null, (position) => seen.push(position));
    expect(found).toEqual({ head: { position: LENGTH, hash: events[4]?.hash }, brokenLink: null });
    expect(seen).toEqual([2, 4, 5]);
  });

  it.each([1, 2, 3, LENGTH])(
    "without its event at %i is broken there, unless that is its end",
    async (position) => {
      const events = chain().filter((event) => event.position !== position);
      const { head, brokenLink } = await verify(events);
      expect(head.position).toBe(position - 1);
      expect(brokenLink).toEqual(
        position === LENGTH ? null : { position, eventId: 100 + position, fault: "position" },
      );
    },
  );

  it("with an event twice is broken behind the first", async () => {
    const events = chain();
    const { brokenLink } = await verify(events.toSpliced(2, 0, events[1] as ChainedEvent));
    expect(brokenLink).toEqual({ position: 3, eventId: 101, fault: "position" });
  });

  it("is broken where an event does not carry the hash before it, though its own hash fits", async () => {
    const events = chain();
    const forged = { ...(events[2] as ChainedEvent), previousHash: "ab".repeat(32) };
    const { brokenLink } = await verify(events.with(2, { ...forged, hash: hashOf(forged) }));
    expect(brokenLink).toEqual({ position: 3, eventId: 102, fault: "previous_hash" });
  });

  it.each([{ details: { n: 7 } }, { hash: "ab".repeat(32) }, { hash: "" }])(
    "is broken where an event has %j",
    async (change) => {
      const events = chain();
      const { head, brokenLink } = await verify(
        events.with(2, { ...(events[2] as ChainedEvent), ...change }),
      );
      expect(head).toEqual({ position: 2, hash: events[1]?.hash });
      expect(brokenLink).toEqual({ position: 3, eventId: 102, fault: "content" });
    },
  );
});

describe("a head that was noted", () => {
  const noted = (position: number): Link => ({ position, hash: chain()[position - 1]?.hash ?? "" });

  it.each([1, 3, LENGTH])("at position %i is found", async (position) => {
    expect((await verify(chain(), noted(position))).brokenLink).toBeNull();
  });

  it("before the first event is part of every chain", async () => {
    expect((await verify(chain(), CHAIN_START)).brokenLink).toBeNull();
  });

  it("tells a chain that was rewritten before it, and not one that was rewritten behind it", async () => {
    const rewritten = chainOf([{ n: 0 }, { n: 1 }, { n: "other" }, { n: 3 }, { n: 4 }]);
    expect((await verify(rewritten)).brokenLink).toBeNull();
    expect((await verify(rewritten, noted(2))).brokenLink).toBeNull();
    expect((await verify(rewritten, noted(4))).brokenLink).toEqual({
      position: 4,
      eventId: 103,
      fault: "rewritten",
    });
  });

  it.each([1, 3])("tells a chain that was cut off before it, %i events short", async (missing) => {
    const { head, brokenLink } = await verify(chain().slice(0, -missing), noted(LENGTH));
    expect(head.position).toBe(LENGTH - missing);
    expect(brokenLink).toEqual({ position: LENGTH - missing + 1, eventId: null, fault: "truncated" });
  });
});
