import { beforeEach, describe, expect, it, vi } from "vitest";
import type { AuditEvent } from "@/lib/audit/events";
import { secondsBetween } from "@/lib/crypto/clock";
import type { Signer } from "@/lib/keys/custody";
import { HeldClock } from "@/lib/keys/testing/held-clock";
import { FetchRefusedError } from "@/lib/outbound/fetch-refused-error";
import { parseCompactJws } from "@/lib/tokens/compact";
import type { Client } from "./client";
import { deliverLogouts } from "./deliver-logouts";
import type { OAuthDependencies } from "./dependencies";
import { clientRecord } from "./testing/client-records";
import { MemoryLogoutDeliveries } from "./testing/memory-logout-deliveries";

const START = new Date("2026-11-30T12:00:00Z");
const SILENT = () => Promise.reject(new FetchRefusedError("app.example did not answer within 5000 ms."));
const BROKEN = () => Promise.reject(new FetchRefusedError("app.example answered with the status 500.", 500));
const TAKES = async () => {};

type Answer = (post: { url: string; sid: unknown }) => Promise<void>;

let clock: HeldClock;
let deliveries: MemoryLogoutDeliveries;
let clients: Client[];
let events: AuditEvent[];
let posts: { url: string; sid: unknown; token: string }[];
let answers: Record<string, Answer>;
let deps: OAuthDependencies;

const signer: Signer = { kid: "key", algorithm: "ES256", sign: async () => Buffer.from("signed") };

beforeEach(() => {
  clock = new HeldClock(START);
  deliveries = new MemoryLogoutDeliveries();
  clients = [];
  events = [];
  posts = [];
  answers = {};
  const stores = {
    clients: { findAll: async (ids: readonly string[]) => clients.filter(({ id }) => ids.includes(id)) },
    logoutDeliveries: deliveries,
    audit: { record: async (event: AuditEvent) => void events.push(event) },
  };
  deps = {
    stores,
    atomically: (work: (stores: unknown) => Promise<unknown>) => work(stores),
    findSigner: async () => signer,
    postForm: async (url: string, { logout_token: token = "" }) => {
      const post = { url, token, sid: parseCompactJws(token)?.payload.sid };
      posts.push(post);
      await answers[url]?.(post);
    },
    issuer: "https://login.example",
    clock,
  } as unknown as OAuthDependencies;
});

/** A client that hears of endings, and answers like this. */
function hearing(id: string, answer: Answer): string {
  const url = `https://${id}.example/logout`;
  clients.push(clientRecord({ id, backchannelLogoutUri: url }));
  answers[url] = answer;
  return url;
}

const postsTo = (url: string) => posts.filter((post) => post.url === url).length;
const waiting = (clientId: string) => deliveries.listOfClient(clientId, 10_000);

describe("an ending", () => {
  it("is told to the client by a logout token of that session, once", async () => {
    const url = hearing("app", TAKES);
    deliveries.add("app", START);
    expect(await deliverLogouts(deps)).toBe(1);
    const [post] = posts;
    expect(post?.url).toBe(url);
    expect(parseCompactJws(post?.token ?? "")).toEqual({
      header: { alg: "ES256", typ: "logout+jwt", kid: "key" },
      payload: {
        iss: "https://login.example",
        sub: "ada",
        aud: "app",
        iat: START.getTime() / 1000,
        exp: START.getTime() / 1000 + 120,
        jti: expect.stringMatching(/^[\w-]{22}$/),
        events: { "http://schemas.openid.net/event/backchannel-logout": {} },
        sid: "session 1",
      },
      signature: expect.anything(),
    });
    expect(await deliverLogouts(deps)).toBe(0);
    expect([posts.length, deliveries.rows.size, events]).toEqual([1, 0, []]);
  });

  it("is told to all that it concerns, more than are taken at once", async () => {
    const urls = ["a", "b", "c"].map((id) => hearing(id, TAKES));
    for (const id of ["a", "b", "c"]) deliveries.add(id, START, 150);
    expect(await deliverLogouts(deps)).toBe(450);
    expect(urls.map(postsTo)).toEqual([150, 150, 150]);
    expect(new Set(posts.map(({ token }) => token)).size).toBe(450);
    expect(deliveries.rows.size).toBe(0);
  });

  it("is told to no client that has gone, or no longer wants to hear of it", async () => {
    clients.push(clientRecord({ id: "quiet" }));
    deliveries.add("quiet", START);
    deliveries.add("gone", START);
    expect(await deliverLogouts(deps)).toBe(0);
    expect([posts.length, deliveries.rows.size, events]).toEqual([0, 0, []]);
  });
});

describe("a client that does not take its token", () => {
  /** Looks for what is due each time that the next attempt is; how long that was put off, until there is none. */
  async function delays(clientId: string): Promise<number[]> {
    const found: number[] = [];
    for (;;) {
      await deliverLogouts(deps);
      const [delivery] = await waiting(clientId);
      if (delivery === undefined) return found;
      found.push(secondsBetween(clock.now(), delivery.nextAttemptAt));
      clock.moveTo(delivery.nextAttemptAt);
    }
  }

  it("gets another one after 5 seconds, then after twice as long each time, at most 15 minutes", async () => {
    hearing("app", BROKEN);
    deliveries.add("app", START);
    const found = await delays("app");
    expect(found.slice(0, 8)).toEqual([5, 10, 20, 40, 80, 160, 320, 640]);
    expect(new Set(found.slice(8))).toEqual(new Set([900]));
    expect(new Set(posts.map(({ token }) => token)).size).toBe(posts.length);
  });

  it("is given up within 24 hours, with an event that says why", async () => {
    hearing("app", BROKEN);
    deliveries.add("app", START);
    await delays("app");
    expect(secondsBetween(START, clock.now())).toBeGreaterThan(86_400 - 900);
    expect(secondsBetween(START, clock.now())).toBeLessThanOrEqual(86_400);
    expect(events).toEqual([
      {
        at: clock.now(),
        type: "logout_delivery.abandoned",
        actorId: null,
        userId: "ada",
        sessionId: "session 1",
        client: null,
        details: {
          clientId: "app",
          attempts: posts.length,
          problem: "app.example answered with the status 500.",
        },
      },
    ]);
  });

  it("leaves in words why not", async () => {
    hearing("app", BROKEN);
    deliveries.add("app", START);
    expect(await deliverLogouts(deps)).toBe(0);
    expect(await waiting("app")).toEqual([
      expect.objectContaining({ attempts: 1, lastProblem: "app.example answered with the status 500." }),
    ]);
  });

  it("but answers is asked for every other session of its", async () => {
    const url = hearing("app", (post) => (post.sid === "session 2" ? BROKEN() : TAKES()));
    deliveries.add("app", START, 50);
    expect(await deliverLogouts(deps)).toBe(49);
    expect(postsTo(url)).toBe(50);
    expect((await waiting("app")).map(({ sessionId }) => sessionId)).toEqual(["session 2"]);
  });

  it("nor answers is not asked once more for each of the many that wait for it", async () => {
    const [silent, well] = [hearing("silent", SILENT), hearing("well", TAKES)];
    deliveries.add("silent", START, 450);
    deliveries.add("well", START, 10);
    expect(await deliverLogouts(deps)).toBe(10);
    expect(postsTo(silent)).toBeLessThanOrEqual(4);
    expect(postsTo(well)).toBe(10);
    expect(new Set((await waiting("silent")).map(({ lastProblem }) => lastProblem))).toEqual(
      new Set(["app.example did not answer within 5000 ms."]),
    );
  });
});

/** What one waits for and another gives. */
function signal() {
  let give = () => {};
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give };
}

describe("a client that takes its time", () => {
  it("keeps no other waiting, and has few connections at once", async () => {
    const [release, others] = [signal(), signal()];
    const slow = hearing("slow", () => release.given);
    deliveries.add("slow", START, 60);
    const well = hearing("well", async () => {
      if (postsTo(well) === 60) others.give();
    });
    deliveries.add("well", START, 60);
    const delivering = deliverLogouts(deps);
    await others.given;
    expect([postsTo(slow), (await waiting("slow")).length]).toEqual([4, 60]);
    release.give();
    expect(await delivering).toBe(120);
  });

  it("keeps no other waiting either where many wait for it, more than are taken at once", async () => {
    const [release, others] = [signal(), signal()];
    const slow = hearing("slow", () => release.given);
    const well = hearing("well", async () => {
      if (postsTo(well) === 500) others.give();
    });
    for (let n = 0; n < 500; n += 1) for (const id of ["slow", "well"]) deliveries.add(id, START);
    const delivering = deliverLogouts(deps);
    await others.given;
    expect(postsTo(slow)).toBe(4);
    release.give();
    expect(await delivering).toBe(1_000);
  });

  it("keeps no other waiting of whom something is due only later", async () => {
    const [begun, release, told] = [signal(), signal(), signal()];
    hearing("slow", () => {
      begun.give();
      return release.given;
    });
    hearing("well", async () => told.give());
    deliveries.add("slow", START);
    const delivering = deliverLogouts(deps);
    await begun.given;
    deliveries.add("well", START);
    await told.given;
    release.give();
    expect(await delivering).toBe(2);
  });

  it("keeps no more from other processes than a few clients are told at once", async () => {
    const release = signal();
    const ids = Array.from({ length: 40 }, (_, n) => `slow-${n}`);
    for (const id of ids) hearing(id, () => release.given);
    for (const id of ids) deliveries.add(id, START, 50);
    const delivering = deliverLogouts(deps);
    await vi.waitFor(() => expect(posts.length).toBeGreaterThanOrEqual(16 * 4), { timeout: 10_000 });
    const held = [...deliveries.rows.values()].filter(({ nextAttemptAt }) => nextAttemptAt > START);
    expect(held.length).toBeLessThanOrEqual(16 * 50 + 200);
    release.give();
    expect(await delivering).toBe(2_000);
  });

  it("is left to whoever comes next before the hold is over", async () => {
    const url = hearing("slow", async () => clock.advanceSeconds(1.25));
    deliveries.add("slow", START, 100);
    const delivered = await deliverLogouts(deps);
    expect(delivered).toBe(postsTo(url));
    expect(delivered).toBeLessThan(10);
    expect((await waiting("slow")).map(({ attempts }) => attempts)).toEqual(Array(100 - delivered).fill(0));
  });
});

describe("while something cannot be asked", () => {
  it("the database, all that can be told is, and the failure is heard of", async () => {
    hearing("app", TAKES);
    deliveries.add("app", START, 10);
    const remove = deliveries.remove.bind(deliveries);
    deliveries.remove = (id) => (id === 3n ? Promise.reject(new Error("down")) : remove(id));
    await expect(deliverLogouts(deps)).rejects.toThrow("down");
    expect((await waiting("app")).map(({ id }) => id)).toEqual([3n]);
  });

  it("whoever signs, nothing counts as the client's failure", async () => {
    hearing("app", TAKES);
    deliveries.add("app", START);
    deps.findSigner = () => Promise.reject(new Error("no key signs"));
    await expect(deliverLogouts(deps)).rejects.toThrow("no key signs");
    expect(await waiting("app")).toEqual([expect.objectContaining({ attempts: 0, lastProblem: null })]);
    expect(posts).toEqual([]);
  });
});
