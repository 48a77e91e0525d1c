import { expect, it, test } from "vitest";
import { AUTH_METHODS, type AuthMethod } from "./client";
import { requireClientAttempt } from "./client-attempt";
import type { OAuthDependencies } from "./dependencies";
import { clientRecord } from "./testing/client-records";

const FROM = { ip: "2001:db8::7", userAgent: "a backend" };

async function spentBy(authMethod: AuthMethod, refuse = false): Promise<string[][]> {
  const spent: string[][] = [];
  const spend = async (...counted: string[]) => {
    spent.push(counted);
    return refuse ? { retryAfterSeconds: 9, isFirst: true } : null;
  };
  const deps = { rateLimiter: { spend, forgive: async () => {} } } as unknown as OAuthDependencies;
  await requireClientAttempt(deps, "pushedRequest", clientRecord({ id: "client_app", authMethod }), FROM);
  return spent;
}

test.each(AUTH_METHODS.filter((method) => method !== "none"))(
  "a client that has proved by %s who it is counts by itself",
  async (method) => {
    expect(await spentBy(method)).toEqual([["pushedRequestByClient", "client_app"]]);
  },
);

it("counts by the address where anybody may say to be the client", async () => {
  expect(await spentBy("none")).toEqual([["pushedRequestByAddress", "2001:db8::/64"]]);
});

test.each(AUTH_METHODS)("one too many is refused: %s", async (method) => {
  await expect(spentBy(method, true)).rejects.toMatchObject({ code: "rate_limited", retryAfterSeconds: 9 });
});
