import { NextRequest } from "next/server";
import { describe, expect, it } from "vitest";
import { sha256 } from "@/lib/crypto/derive-key";
import { randomToken } from "@/lib/crypto/random";
import type { ApiCall } from "./api";
import { requireFeedReader } from "./require-feed-reader";

/** An address that no other test has. */
let addresses = 0;
const freshAddress = () => {
  addresses += 1;
  return `192.0.2.${addresses}`;
};

const newToken = () => `latchkey_feed_${randomToken()}`;

/** A server that knows some feed tokens. */
function scene(...tokens: string[]) {
  const digests = new Set(tokens.map((token) => Buffer.from(sha256(token)).toString("hex")));
  const scene = { lookups: 0, outcome };
  const audiences = {
    async findByFeedTokenHash(hash: Uint8Array) {
      scene.lookups += 1;
      return digests.has(Buffer.from(hash).toString("hex")) ? {} : null;
    },
  };

  /** Why it is refused, or that it is let in. */
  async function outcome(ip: string, authorization: string | undefined): Promise<string> {
    const headers = new Headers(authorization === undefined ? {} : { authorization });
    const request = new NextRequest("https://id.example.com/api/revocations", { headers });
    const call = { request, latchkey: { stores: { audiences } }, client: { ip, userAgent: "" }, params: {} };
    return requireFeedReader(call as unknown as ApiCall).then(
      () => "let in",
      ({ code }) => code,
    );
  }
  return scene;
}

const guess = (server: ReturnType<typeof scene>, ip: string) => server.outcome(ip, `Bearer ${newToken()}`);

async function guesses(server: ReturnType<typeof scene>, ip: string, count: number): Promise<string[]> {
  const outcomes: string[] = [];
  for (let n = 0; n < count; n += 1) outcomes.push(await guess(server, ip));
  return outcomes;
}

describe("what is no feed token", () => {
  it.each([
    ["not_authenticated", undefined],
    ["invalid_token", ""],
    ["invalid_token", "Bearer"],
    ["invalid_token", "Bearer x"],
    ["invalid_token", `Basic ${newToken()}`],
    ["invalid_token", `Bearer ${newToken()}x`],
    ["invalid_token", `Bearer ${newToken().slice(0, -1)}`],
    ["invalid_token", `Bearer x${newToken()}`],
    ["invalid_token", `Bearer latchkey_client_${randomToken()}`],
  ])("is %s, looked up nowhere: %s", async (code, authorization) => {
    const server = scene();
    expect(await server.outcome(freshAddress(), authorization)).toBe(code);
    expect(server.lookups).toBe(0);
  });

  it("is counted against nobody", async () => {
    const server = scene();
    const ip = freshAddress();
    for (let n = 0; n < 100; n += 1)
      expect(await server.outcome(ip, `Bearer guess-${n}`)).toBe("invalid_token");
    expect(await guess(server, ip)).toBe("invalid_token");
  });
});

describe("guesses of one address", () => {
  it("have to wait after thirty, and nobody else has to", async () => {
    const server = scene();
    const ip = freshAddress();
    const outcomes = await guesses(server, ip, 32);
    expect(outcomes).toEqual([...Array(30).fill("invalid_token"), "rate_limited", "rate_limited"]);
    expect(await guess(server, freshAddress())).toBe("invalid_token");
  });

  it("keep no reader out that was never seen before", async () => {
    const token = newToken();
    const server = scene(token);
    const ip = freshAddress();
    await guesses(server, ip, 100);
    expect(await server.outcome(ip, `Bearer ${token}`)).toBe("let in");
    expect(await guess(server, ip)).toBe("rate_limited");
  });

  it("reach the database 3,000 times at most, and keep no reader out that was let in before", async () => {
    const token = newToken();
    const server = scene(token);
    const ip = freshAddress();
    expect(await server.outcome(ip, `Bearer ${token}`)).toBe("let in");
    await guesses(server, ip, 3_010);
    expect(server.lookups).toBe(1 + 3_000);
    expect(await server.outcome(ip, `Bearer ${token}`)).toBe("let in");
  });

  it("that come all at once are counted like those in a row", async () => {
    const server = scene();
    const ip = freshAddress();
    await Promise.all(Array.from({ length: 3_100 }, () => guess(server, ip)));
    expect(server.lookups).toBe(3_000);
  });

  it("are those of a token too that was taken back", async () => {
    const token = newToken();
    const ip = freshAddress();
    expect(await scene(token).outcome(ip, `Bearer ${token}`)).toBe("let in");
    const server = scene();
    const outcomes: string[] = [];
    for (let n = 0; n < 31; n += 1) outcomes.push(await server.outcome(ip, `Bearer ${token}`));
    expect(new Set(outcomes.slice(0, 30))).toEqual(new Set(["invalid_token"]));
    expect(outcomes[30]).toBe("rate_limited");
  });
});
