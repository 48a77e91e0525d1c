import { randomBytes } from "node:crypto";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { systemClock } from "@/lib/crypto/clock";
import { openRevocationFeed, type RevocationFeed } from "@/lib/verifier/revocation-feed";
import { type Cluster, type Instance, type RequestOptions, startCluster } from "./support/cluster";
import { addFeedReader, fetchFrom, untilNobodyWaits, untilSomebodyWaits } from "./support/feed-reader";
import { printFigures, spread } from "./support/figures";
import { type PostgresServer, startPostgresServer } from "./support/postgres-server";
import { freshAddress, joined } from "./support/visitor";
import { assemble, WAYS_TO_REVOKE } from "./support/ways-to-revoke";

/** Whoever has heard nothing for so long accepts no token; usually he hears within a second. */
const BOUND_SECONDS = 30;
const PATH = "/api/revocations";

interface Answer {
  cursor: string;
  readAt: string;
  complete: boolean;
  revocations: [string, string, number][];
}

describe("the feed of several instances", () => {
  let cluster: Cluster;
  let token: string;
  const feeds: RevocationFeed[] = [];
  beforeAll(async () => {
    cluster = await startCluster({ count: 2 });
    token = await addFeedReader(cluster.sql);
  });
  afterAll(async () => {
    for (const feed of feeds) feed.close();
    await cluster.stop();
  });

  const ask = (query = "", options: RequestOptions = {}, at: Instance = cluster.instance(0)) =>
    at.request("GET", `${PATH}${query}`, { bearer: token, ...options });

  function openFeed(at: Instance): RevocationFeed {
    const feed = openRevocationFeed({
      url: `${cluster.origin}${PATH}`,
      token,
      maxStalenessSeconds: BOUND_SECONDS,
      fetch: fetchFrom(at),
      clock: systemClock,
    });
    feeds.push(feed);
    return feed;
  }

  it("tells services at every instance, however it is revoked, and at whichever instance", async () => {
    const cast = await assemble(cluster);
    const readers = cluster.instances.map(openFeed);
    await Promise.all(readers.map((reader) => reader.ready()));
    const lagsMs: number[] = [];
    for (const [index, [name, prepare]] of WAYS_TO_REVOKE.entries()) {
      const at = cluster.instance(index);
      const { victim, revokeAt } = await prepare(cast, at);
      const access = victim.access ?? "";
      const claims = decodeJwt(access);
      const { kid = "" } = decodeProtectedHeader(access);
      const held = { jti: String(claims.jti), sid: String(claims.sid), kid };
      for (const reader of readers) expect(reader.isDenied(held), name).toBe(false);
      await revokeAt(at);
      const revokedAt = performance.now();
      await vi.waitFor(() => expect(readers.map((reader) => reader.isDenied(held))).toEqual([true, true]), {
        timeout: BOUND_SECONDS * 1_000,
        interval: 2,
      });
      lagsMs.push(performance.now() - revokedAt);
    }
    printFigures(`the revocation feed: ${lagsMs.length} lags, ${spread(lagsMs)}`);
  });

  it("has cursors that each instance understands, and says when there is nothing new", async () => {
    const first = await ask();
    expect(first.status).toBe(200);
    expect(first.headers["cache-control"]).toBe("no-store");
    const all = first.json<Answer>();
    expect(all).toMatchObject({ complete: true, readAt: expect.stringMatching(/^\d{4}-.*Z$/) });
    const elsewhere = cluster.instance(1);
    const next = await ask(`?since=${all.cursor}&nonce=n-1`, {}, elsewhere);
    expect(next.json()).toMatchObject({ cursor: all.cursor, complete: false, nonce: "n-1", revocations: [] });
    const etag = String(next.headers.etag);
    const unchanged = await ask(`?since=${all.cursor}`, { headers: { "if-none-match": etag } });
    expect([unchanged.status, unchanged.body]).toEqual([304, ""]);
    const garbage = await ask("?since=garbage&wait=25", { headers: { "if-none-match": etag } });
    expect(garbage.json()).toMatchObject({ complete: true });
  });

  it.each(["?since=", `?since=${"a".repeat(256)}`, "?wait=0", "?wait=25", `?nonce=${"n".repeat(64)}`])(
    "takes %s",
    async (query) => {
      expect((await ask(query)).status).toBe(200);
    },
  );

  it.each([
    `?since=${"a".repeat(257)}`,
    "?wait=26",
    "?wait=-1",
    "?wait=1.5",
    "?wait=",
    "?wait=1&wait=1",
    `?nonce=${"n".repeat(65)}`,
    "?token=abc",
  ])("refuses %s", async (query) => {
    expect((await ask(query)).json()).toMatchObject({ code: "invalid_request" });
  });

  it("is for feed tokens alone", async () => {
    const visitor = await joined(cluster.instance(0));
    const headers = { "x-forwarded-for": freshAddress() };
    const anonymous = await cluster.instance(0).request("GET", PATH, { headers });
    expect([anonymous.status, anonymous.headers["www-authenticate"]]).toEqual([401, "Bearer"]);
    const withCookies = await cluster
      .instance(0)
      .request("GET", PATH, { headers, cookie: visitor.cookieHeader });
    expect(withCookies.status).toBe(401);
    for (const bearer of [visitor.access ?? "", `${token}x`, "x"]) {
      const refused = await ask("", { bearer, headers });
      expect(refused.json()).toMatchObject({ code: "invalid_token" });
      expect(refused.headers["www-authenticate"]).toBe('Bearer error="invalid_token"');
    }
    expect(
      (await cluster.instance(0).request("GET", "/api/sessions", { bearer: token, headers })).status,
    ).toBe(401);
    expect((await cluster.instance(0).request("POST", PATH, { bearer: token, headers })).status).toBe(405);
  });

  it("tells who guesses to wait, and holds no reader up for them, seen before or not", async () => {
    const headers = { "x-forwarded-for": freshAddress() };
    const guess = () =>
      ask("", { headers, bearer: `latchkey_feed_${randomBytes(32).toString("base64url")}` });
    const statuses: number[] = [];
    for (let n = 0; n < 32; n += 1) statuses.push((await guess()).status);
    expect(statuses).toEqual([...Array.from({ length: 30 }, () => 401), 429, 429]);
    expect((await ask("", { headers, bearer: "guess" })).status).toBe(401);
    for (const bearer of [token, await addFeedReader(cluster.sql)])
      expect((await ask("", { headers, bearer })).status).toBe(200);
    headers["x-forwarded-for"] = freshAddress();
    expect((await guess()).status).toBe(401);
  });

  it("looks for no news on behalf of a reader that is gone", async () => {
    for (const feed of feeds) feed.close();
    await untilNobodyWaits(cluster.sql);
    const { cursor } = (await ask()).json<Answer>();
    const leaving = new AbortController();
    const gone = ask(`?since=${cursor}&wait=25`, { signal: leaving.signal }).catch((error: Error) => error);
    await untilSomebodyWaits(cluster.sql);
    leaving.abort();
    expect(await gone).toBeInstanceOf(Error);
    await untilNobodyWaits(cluster.sql);
  });
});

describe("without its database", () => {
  let postgres: PostgresServer;
  let cluster: Cluster;
  beforeAll(async () => {
    postgres = await startPostgresServer();
    cluster = await startCluster({ count: 1, databaseUrl: postgres.url });
  });
  afterAll(async () => {
    await cluster.stop();
    await postgres.remove();
  });

  it("the feed is not available; afterwards a reader is told everything", async () => {
    const bearer = await addFeedReader(cluster.sql);
    const { cursor } = (await cluster.instance(0).request("GET", PATH, { bearer })).json<Answer>();
    await postgres.stop();
    const refused = await cluster.instance(0).request("GET", `${PATH}?since=${cursor}`, { bearer });
    expect([refused.status, refused.json()]).toMatchObject([503, { code: "unavailable" }]);
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
    await postgres.start();
    const again = await vi.waitFor(
      async () => {
        const answer = await cluster.instance(0).request("GET", `${PATH}?since=${cursor}`, { bearer });
        expect(answer.status).toBe(200);
        return answer.json<Answer>();
      },
      { timeout: 20_000, interval: 50 },
    );
    // It may have been put back meanwhile.
    expect(again.complete).toBe(true);
  });
});
