import { afterEach, describe, expect, it, vi } from "vitest";
import {
  type AuditChain,
  CHAIN_START,
  type ChainedEvent,
  hashOf,
  type Unchained,
} from "../../lib/audit/chain";
import type { Services } from "../../lib/services";
import { auditExport, auditVerify } from "./audit";
import type { CommandResult, StreamedResult } from "./command";

const NOW = new Date("2027-03-01T12:00:00.000Z");

/** A chain of three events in two batches; `change` is what happened to the second. */
function eventsWith(change: Partial<ChainedEvent> = {}): ChainedEvent[] {
  let before = CHAIN_START;
  const events = [1, 2, 3].map((position) => {
    const names = { actorId: null, userId: null, sessionId: null, ip: null, userAgent: null, details: {} };
    const at = "2027-03-01T00:00:00.000Z";
    const unhashed = {
      id: 70 + position,
      position,
      at,
      type: "session.ended",
      ...names,
      previousHash: before.hash,
    };
    const event = { ...unhashed, hash: hashOf(unhashed) };
    before = event;
    return event;
  });
  return events.map((event) => (event.position === 2 ? { ...event, ...change } : event));
}

const NONE: Unchained = { count: 0, oldestAt: null };

function latchkey(events: readonly ChainedEvent[], unchained = NONE): Services {
  const auditChain: AuditChain = {
    chainNew: async () => 0,
    unchained: async () => unchained,
    head: async () => events.at(-1) ?? CHAIN_START,
    read: async function* () {
      yield events.slice(0, 2);
      yield events.slice(2);
    },
  };
  return { stores: { auditChain }, clock: { now: () => NOW } } as unknown as Services;
}

const verify = async (services: Services, options: Record<string, string> = {}) =>
  (await auditVerify.run(services, { positionals: [], options })) as CommandResult;

const HASH_3 = eventsWith()[2]?.hash ?? "";
const HASH_1 = eventsWith()[0]?.hash ?? "";
const OTHER = "ab".repeat(32);

const { isTTY: wasTerminal } = process.stderr;
afterEach(() => {
  vi.restoreAllMocks();
  process.stderr.isTTY = wasTerminal;
});

describe("audit verify", () => {
  it("prints the head of a whole chain, to keep elsewhere", async () => {
    const { lines, data, isRefusal } = await verify(latchkey(eventsWith()));
    expect(lines).toEqual([
      "The chain is whole: 3 events.",
      `Head: 3:${HASH_3}`,
      expect.stringContaining("Keep the head elsewhere"),
    ]);
    expect(data).toEqual({
      isWhole: true,
      head: { position: 3, hash: HASH_3 },
      brokenLink: null,
      unchained: NONE,
    });
    expect(isRefusal).toBe(false);
  });

  it.each<[Partial<ChainedEvent>, string]>([
    [{ position: 4 }, "no event has it, and event 72 comes next"],
    [{ previousHash: OTHER }, "event 72 does not carry the hash of the event before"],
    [{ type: "session.started" }, "event 72 is not what its hash was made of"],
  ])("with %j names the first broken link and refuses", async (change, says) => {
    const { lines, data, isRefusal } = await verify(latchkey(eventsWith(change)));
    expect(lines).toEqual([`The chain is broken at position 2: ${says}.`, `It is whole up to 1:${HASH_1}.`]);
    expect(data).toMatchObject({ isWhole: false, brokenLink: { position: 2, eventId: 72 } });
    expect(isRefusal).toBe(true);
  });

  it.each([
    [`3:${HASH_3}`, null],
    [
      `3:${OTHER}`,
      "broken at position 3: event 73 is not the one that was noted, so it or one before was changed.",
    ],
    [`9:${HASH_3}`, "broken at position 4: the chain ends before the position that was noted."],
  ])("looks for the head %s that was noted", async (includes, says) => {
    const { lines, isRefusal } = await verify(latchkey(eventsWith()), { includes });
    expect(isRefusal).toBe(says !== null);
    expect(lines[0]).toContain(says ?? "whole");
  });

  it.each([
    "",
    "3",
    `3:${OTHER.slice(1)}`,
    `3:${OTHER.toUpperCase()}`,
    `-3:${OTHER}`,
    ` 3:${OTHER}`,
    `:${OTHER}`,
  ])("refuses to look for %j", async (includes) => {
    await expect(verify(latchkey(eventsWith()), { includes })).rejects.toThrow(
      "Give --includes POSITION:HASH",
    );
  });

  it("says what is not chained yet, and for how long", async () => {
    const oldestAt = new Date(NOW.getTime() - 3_600_500);
    const { lines, isRefusal } = await verify(latchkey(eventsWith(), { count: 2, oldestAt }));
    expect(lines.at(-1)).toMatch(/^Not chained yet: 2, the oldest 3600\.5 s old\./);
    expect(isRefusal).toBe(false);
  });

  it("shows how far it is where standard error is a terminal, and nothing elsewhere", async () => {
    const written: string[] = [];
    vi.spyOn(process.stderr, "write").mockImplementation((text) => written.push(String(text)) > 0);
    for (const isTTY of [false, true]) {
      process.stderr.isTTY = isTTY;
      await verify(latchkey(eventsWith()));
    }
    expect(written).toEqual(["\r\x1b[K2 of 3 events", "\r\x1b[K3 of 3 events", "\r\x1b[K"]);
  });
});

describe("audit export", () => {
  const start = async (services: Services, options: Record<string, string> = {}) =>
    (await auditExport.run(services, { positionals: [], options })) as StreamedResult;

  it("says on standard error how many events it leaves out, because they have no place yet", async () => {
    const said: string[] = [];
    vi.spyOn(process.stderr, "write").mockImplementation((text) => said.push(String(text)) > 0);
    const { stream } = await start(latchkey(eventsWith(), { count: 2, oldestAt: NOW }));
    let text = "";
    for await (const part of stream) text += part;
    expect(
      text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual(eventsWith());
    expect(said).toEqual(["2 events are not chained yet, and not in this export.\n"]);
  });

  it.each([
    [{ from: "" }, "--from"],
    [{ from: "yesterday" }, "--from"],
    [{ to: "2027-02-30" }, "--to"],
    [{ to: "2027-03-01T12:00:00" }, "--to"],
    [{ type: "" }, "session.ended"],
    [{ type: "session.begun" }, "session.ended"],
  ])("refuses %j", async (options, says) => {
    await expect(start(latchkey([]), options)).rejects.toThrow(says);
  });
});
