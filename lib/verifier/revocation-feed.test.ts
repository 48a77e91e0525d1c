import { once } from "node:events";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openRevocationFeed, type RevocationFeed, type RevocationFeedOptions } from "./revocation-feed";
import { type Question, type ScriptedFeed, startScriptedFeed } from "./testing/scripted-feed";

const BOUND_SECONDS = 3;
/** So long that the next question need not be put off. */
const ROUND_TRIP_SECONDS = 0.5;
const TOKEN = { jti: "token", sid: "session", kid: "key" };
const OTHER = { jti: "another", sid: "another", kid: "another" };
const EXP = Math.ceil(Date.now() / 1000) + 600;
const ALL_OF_SESSION = [["sid", "session", EXP]];

let server: ScriptedFeed;
let feed: RevocationFeed;
let problems: string[];
let monotonicMs: number;
let wallMs: number;

beforeEach(async () => {
  server = await startScriptedFeed();
  problems = [];
  monotonicMs = 1_000;
  wallMs = Date.now();
  vi.spyOn(performance, "now").mockImplementation(() => monotonicMs);
});
afterEach(async () => {
  vi.restoreAllMocks();
  feed.close();
  await server.close();
});

function open(change: Partial<RevocationFeedOptions> = {}): RevocationFeed {
  feed = openRevocationFeed({
    url: server.url,
    token: "feed-token",
    maxStalenessSeconds: BOUND_SECONDS,
    fetch,
    clock: { now: () => new Date(wallMs) },
    onProblem: (problem) => problems.push(problem),
    ...change,
  });
  return feed;
}

function pass(seconds: number): void {
  monotonicMs += seconds * 1000;
  wallMs += seconds * 1000;
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 8_000, interval: 2 });

async function question(index: number): Promise<Question> {
  await until(() => expect(server.questions.length).toBeGreaterThan(index));
  return server.questions[index] as Question;
}

/** Answers the first question with everything; later ones are left open unless `then` says otherwise. */
async function openWith(revocations: unknown[], then: ScriptedFeed["script"] = () => undefined) {
  let isFirst = true;
  server.script = (asked) => {
    if (!isFirst) return then(asked);
    isFirst = false;
    pass(ROUND_TRIP_SECONDS);
    asked.tell({ revocations });
  };
  await open().ready();
  return feed;
}

describe("asking", () => {
  it("begins at once with everything, then waits for news for a third of the bound", async () => {
    await openWith([]);
    const [first, second] = [await question(0), await question(1)];
    expect([first.since, first.wait]).toEqual([null, "0"]);
    expect([second.since, second.wait]).toEqual(["1.cursor-1", "1"]);
    expect(first.nonce).not.toBe(second.nonce);
    for (const { request } of [first, second]) {
      expect(request.method).toBe("GET");
      expect(request.headers.authorization).toBe("Bearer feed-token");
      expect(request.headers["if-none-match"]).toBeUndefined();
      expect(request.headers.cookie).toBeUndefined();
    }
  });

  it.each([
    [1, "0"],
    [5, "1"],
    [30, "10"],
    [300, "25"],
  ])("waits, within a bound of %i s, for %s s", async (maxStalenessSeconds, wait) => {
    server.script = (asked) => asked.tell();
    open({ maxStalenessSeconds });
    expect((await question(1)).wait).toBe(wait);
  });

  it("does not ask in a hurry, however quickly it is answered", async () => {
    const pauses = vi.spyOn(globalThis, "setTimeout");
    await openWith([], (asked) => asked.tell());
    await question(2);
    expect(pauses).toHaveBeenCalledWith(expect.any(Function), 500);
  });

  it("goes on where it was cut off", async () => {
    await openWith([], (asked) => asked.response.destroy());
    expect((await question(2)).since).toBe("1.cursor-1");
    expect((await question(2)).wait).toBe("0");
  });
});

describe("what is denied", () => {
  it("is unknown until everything has been read", async () => {
    server.script = () => undefined;
    open();
    await question(0);
    expect(feed.isDenied(TOKEN)).toBe("unknown");
    server.questions[0]?.tell({ revocations: ALL_OF_SESSION });
    await feed.ready();
    expect(feed.isDenied(TOKEN)).toBe(true);
    expect(feed.isDenied(OTHER)).toBe(false);
  });

  it.each(["jti", "sid", "kid"] as const)("is denied by its %s, and by no other name", async (kind) => {
    await openWith([[kind, TOKEN[kind], EXP]]);
    expect(feed.isDenied(TOKEN)).toBe(true);
    expect(feed.isDenied({ jti: TOKEN.sid, sid: TOKEN.kid, kid: TOKEN.jti })).toBe(false);
    expect(feed.isDenied({ ...OTHER, [kind]: TOKEN[kind] })).toBe(true);
  });

  it("is added to by a part, and replaced by everything", async () => {
    await openWith(ALL_OF_SESSION);
    (await question(1)).tell({ revocations: [["jti", "another", EXP]] });
    await until(() => expect(feed.isDenied(OTHER)).toBe(true));
    expect(feed.isDenied(TOKEN)).toBe(true);
    (await question(2)).tell({ complete: true, revocations: [["jti", "another", EXP]] });
    await until(() => expect(feed.isDenied(TOKEN)).toBe(false));
    expect(feed.isDenied(OTHER)).toBe(true);
  });

  it("is not forgotten by a clock of the issuer's database that is ahead of those that wrote and judge its time", async () => {
    await openWith(ALL_OF_SESSION);
    (await question(1)).tell(
      { revocations: [["jti", "another", EXP + 7_200]] },
      { readAt: new Date((EXP + 3_600) * 1000).toISOString() },
    );
    await until(() => expect(feed.isDenied(OTHER)).toBe(true));
    expect(feed.isDenied(TOKEN)).toBe(true);
  });

  it("is forgotten after its time, by the issuer's clock and by ours", async () => {
    await openWith([
      ["sid", "session", EXP],
      ["jti", "another", EXP + 7_200],
    ]);
    wallMs += 86_400_000;
    (await question(1)).tell();
    await question(2);
    expect(feed.isDenied(TOKEN)).toBe(true);
    (await question(2)).tell({}, { readAt: new Date((EXP + 3_600) * 1000).toISOString() });
    await until(() => expect(feed.isDenied(TOKEN)).toBe(false));
    expect(feed.isDenied(OTHER)).toBe(true);
  });
});

describe("what is known is not believed", () => {
  it("beyond the bound; a revocation that is known is", async () => {
    await openWith(ALL_OF_SESSION);
    pass(BOUND_SECONDS - ROUND_TRIP_SECONDS);
    expect(feed.isDenied(OTHER)).toBe(false);
    pass(0.001);
    expect(feed.isDenied(OTHER)).toBe("unknown");
    expect(feed.isDenied(TOKEN)).toBe(true);
  });

  it("beyond the bound from when it was asked for, not from when it came", async () => {
    open();
    const { tell } = await question(0);
    pass(BOUND_SECONDS - 1);
    tell();
    await feed.ready();
    pass(1);
    expect(feed.isDenied(TOKEN)).toBe(false);
    pass(0.001);
    expect(feed.isDenied(TOKEN)).toBe("unknown");
  });

  it("when the answer itself came later than that", async () => {
    open();
    const { tell } = await question(0);
    pass(BOUND_SECONDS + 1);
    tell();
    await question(1);
    expect(feed.isDenied(TOKEN)).toBe("unknown");
    server.questions[1]?.tell();
    await feed.ready();
    expect(feed.isDenied(TOKEN)).toBe(false);
  });

  it.each([
    ["sleeps", 3_600_000],
    ["has its clock set back", -3_600_000],
  ])("after the machine %s; then it is asked for at once", async (_name, ms) => {
    await openWith(ALL_OF_SESSION);
    const held = await question(1);
    expect(held.wait).toBe("1");
    const givenUp = once(held.response, "close");
    wallMs += ms;
    expect(feed.isDenied(OTHER)).toBe("unknown");
    await givenUp;
    const next = await question(2);
    expect([next.since, next.wait]).toEqual(["1.cursor-1", "0"]);
    next.tell();
    await until(() => expect(feed.isDenied(OTHER)).toBe(false));
    expect(problems).toEqual([`${server.url} cannot be read: it was too old.`]);
  });
});

const MALFORMED: [name: string, change: object][] = [
  ["no cursor", { cursor: undefined }],
  ["an empty cursor", { cursor: "" }],
  ["a cursor that is too long", { cursor: "a".repeat(256) }],
  ["no time", { readAt: undefined }],
  ["a time that is none", { readAt: "yesterday" }],
  ["a time that cannot be", { readAt: "2027-13-01T00:00:00Z" }],
  ["a number for a time", { readAt: 1_800_000_000 }],
  ["no word on whether it is everything", { complete: undefined }],
  ["a word in its place", { complete: "true" }],
  ["no revocations", { revocations: undefined }],
  ["revocations that are no list", { revocations: { length: 0 } }],
  ["an entry that is no list", { revocations: ["sid"] }],
  ["an entry with too little", { revocations: [["sid", "session"]] }],
  ["an entry with too much", { revocations: [["sid", "session", EXP, 1]] }],
  ["a kind that is not known", { revocations: [["sub", "session", EXP]] }],
  ["a kind of another type", { revocations: [[["sid"], "session", EXP]] }],
  ["an empty value", { revocations: [["sid", "", EXP]] }],
  ["a value of another type", { revocations: [["sid", 7, EXP]] }],
  ["a value that is too long", { revocations: [["sid", "s".repeat(256), EXP]] }],
  ["a time of expiry as text", { revocations: [["sid", "session", `${EXP}`]] }],
  ["no time of expiry", { revocations: [["sid", "session", null]] }],
  ["one good entry and a bad one", { revocations: [["sid", "session", EXP], []] }],
  ["no nonce", { nonce: undefined }],
  ["another nonce", { nonce: "another" }],
];

const json = (response: Question["response"], text: string) =>
  response.writeHead(200, { "Content-Type": "application/json" }).end(text);

const FAULTS: [name: string, answer: (asked: Question) => void][] = [
  ...MALFORMED.map(([name, change]): [string, (asked: Question) => void] => [
    name,
    ({ tell }) => tell({ complete: true, revocations: [["sid", "session", EXP]] }, change),
  ]),
  ["a connection that is cut", ({ response }) => response.destroy()],
  [
    "an answer that is cut",
    ({ response }) => {
      response.writeHead(200, { "Content-Type": "application/json", "Content-Length": "1000" });
      response.write('{"cursor":', () => response.destroy());
    },
  ],
  ["an error", ({ response }) => response.writeHead(500).end()],
  ["that it is not available", ({ response }) => response.writeHead(503, { "Retry-After": "3600" }).end()],
  ["a page", ({ response }) => response.writeHead(200, { "Content-Type": "text/html" }).end("<html>")],
  ["a page that says it is JSON", ({ response }) => json(response, "<html>")],
  ["half of the JSON", ({ response }) => json(response, '{"cursor":"a"')],
  ["another kind of JSON", ({ response }) => json(response, "[]")],
  ["null", ({ response }) => json(response, "null")],
  ["nothing", ({ response }) => json(response, "")],
  ["that nothing has changed, unasked", ({ response }) => response.writeHead(304).end()],
  ["no content", ({ response }) => response.writeHead(204).end()],
  ["that it is elsewhere", ({ response }) => response.writeHead(302, { Location: server.url }).end()],
];

describe("an answer that counts for nothing", () => {
  it.each(FAULTS)("has %s", async (_name, answer) => {
    let isFirst = true;
    await openWith([["jti", "another", EXP]], (asked) => {
      if (isFirst) answer(asked);
      isFirst = false;
    });
    const again = await question(2);
    expect(again.wait).toBe("0");
    expect(again.since).toBe("1.cursor-1");
    expect(feed.isDenied(TOKEN)).toBe(false);
    expect(feed.isDenied(OTHER)).toBe(true);
    expect(problems).toHaveLength(1);
    // It did not make older knowledge young.
    pass(BOUND_SECONDS - ROUND_TRIP_SECONDS);
    expect(feed.isDenied(TOKEN)).toBe(false);
    pass(0.001);
    expect(feed.isDenied(TOKEN)).toBe("unknown");
    again.tell({ revocations: ALL_OF_SESSION });
    await until(() => expect(feed.isDenied(TOKEN)).toBe(true));
    expect(feed.isDenied({ jti: "x", sid: "x", kid: "x" })).toBe(false);
  });

  it("is one that was kept and is played again", async () => {
    let kept = "";
    let isFirst = true;
    await openWith([], ({ tell, response }) => {
      if (isFirst) {
        const end = response.end.bind(response);
        response.end = ((text: string) => {
          kept = text;
          return end(text);
        }) as typeof response.end;
        tell();
      } else {
        json(response, kept);
      }
      isFirst = false;
    });
    await until(() => expect(problems).toHaveLength(1));
    expect(problems[0]).toContain("no answer to this question");
    pass(BOUND_SECONDS + 0.001);
    await question(4);
    expect(feed.isDenied(TOKEN)).toBe("unknown");
  });

  it("is larger than anybody could need, and is not read to its end", async () => {
    const chunk = Buffer.alloc(1024 * 1024, " ");
    let sent = 0;
    function* chunks() {
      for (; sent < 1_000; sent += 1) yield chunk;
    }
    await openWith([], ({ response }) => {
      response.writeHead(200, { "Content-Type": "application/json" });
      pipeline(Readable.from(chunks()), response).catch(() => undefined);
    });
    await until(() => expect(problems[0]).toContain("larger than"));
    expect(sent).toBeLessThan(100);
  });

  it("is a part where everything was asked for", async () => {
    server.script = ({ tell }) => tell({ complete: false });
    open();
    await until(() => expect(problems[0]).toContain("out of order"));
    expect(feed.isDenied(TOKEN)).toBe("unknown");
  });

  it("comes too late", async () => {
    await openWith([]);
    const held = await question(1);
    await once(held.response, "close");
    expect((await question(2)).since).toBe("1.cursor-1");
    expect(problems[0]).toContain("no answer within");
  });

  it("is read before the one that came before it: then everything is asked for and believed", async () => {
    await openWith([]);
    const readAt = new Date(Date.now() - 3_600_000).toISOString();
    (await question(1)).tell({ revocations: ALL_OF_SESSION }, { readAt });
    const all = await question(2);
    expect(all.since).toBeNull();
    expect(feed.isDenied(TOKEN)).toBe(false);
    all.tell({ revocations: ALL_OF_SESSION }, { readAt });
    await until(() => expect(feed.isDenied(TOKEN)).toBe(true));
  });
});

describe("a token that is refused", () => {
  it.each([401, 403])("with %i is told once, and tried until it is good", async (status) => {
    server.script = ({ response }) => response.writeHead(status).end();
    open({ maxStalenessSeconds: 1 });
    await question(2);
    expect(feed.isDenied(TOKEN)).toBe("unknown");
    expect(problems).toEqual([`${server.url} cannot be read: status ${status}.`]);
    server.script = ({ tell }) => tell();
    await feed.ready();
    expect(feed.isDenied(TOKEN)).toBe(false);
    expect(problems).toHaveLength(1);
  });
});

describe("being ready", () => {
  it("is over with the reason when there is no answer in time", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    open({ fetch: () => Promise.reject(new TypeError("fetch failed", { cause: new Error("no route") })) });
    const ready = expect(feed.ready()).rejects.toThrow(/cannot be read: no route\.$/);
    await vi.advanceTimersByTimeAsync(10_000);
    await ready;
    vi.useRealTimers();
  });

  it("is over when it is closed, and so is asking", async () => {
    open();
    const held = await question(0);
    const ready = expect(feed.ready()).rejects.toThrow("closed");
    const givenUp = once(held.response, "close");
    feed.close();
    await Promise.all([ready, givenUp]);
    await expect(feed.ready()).rejects.toThrow("closed");
    expect(problems).toEqual([]);
    expect(server.questions).toHaveLength(1);
  });
});
