import { expect, test, vi } from "vitest";

interface TokenSource {
  get(): Promise<string>;
  call(address: string, init?: RequestInit): Promise<Response>;
}

const ORDERS = "https://orders.example/orders";

/** Not by its name: the examples are JavaScript without types. */
const { createTokenSource } = await import(new URL("token-source.js", import.meta.url).href);

/** A source whose tokens are `token-1`, `token-2` and so on, each good for so long, and a service that takes one of them. */
function openSource({ accepted, lifetimeMs = 600_000 }: { accepted: number; lifetimeMs?: number }) {
  let issued = 0;
  const fetchToken = async () => {
    issued += 1;
    const expiresAt = new Date(Date.now() + lifetimeMs).toISOString();
    return Response.json({ accessToken: `token-${issued}`, expiresAt });
  };
  const calls: [authorization: string | null, body: string][] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const authorization = request.headers.get("authorization");
    calls.push([authorization, await request.text()]);
    return new Response(null, { status: authorization === `Bearer token-${accepted}` ? 200 : 401 });
  });
  const tokens: TokenSource = createTokenSource("orders", { fetch: fetchToken });
  return { tokens, calls };
}

test("a token is kept, and asked for anew shortly before it expires", async () => {
  const { tokens } = openSource({ accepted: 1, lifetimeMs: 31_000 });
  expect([await tokens.get(), await tokens.get()]).toEqual(["token-1", "token-1"]);
  const { tokens: short } = openSource({ accepted: 1, lifetimeMs: 29_000 });
  expect([await short.get(), await short.get()]).toEqual(["token-1", "token-2"]);
});

test("a call that is refused, as after a key was revoked, is made once more with another token", async () => {
  const { tokens, calls } = openSource({ accepted: 2 });
  expect((await tokens.call(ORDERS, { method: "POST", body: "a key" })).status).toBe(200);
  expect(calls).toEqual([
    ["Bearer token-1", "a key"],
    ["Bearer token-2", "a key"],
  ]);
  expect((await tokens.call(ORDERS)).status).toBe(200);
  expect(calls).toHaveLength(3);
});

test("a second refusal is handed on", async () => {
  const { tokens, calls } = openSource({ accepted: 9 });
  expect((await tokens.call(ORDERS)).status).toBe(401);
  expect(calls).toHaveLength(2);
});
