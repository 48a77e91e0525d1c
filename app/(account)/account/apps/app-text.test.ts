import { expect, it } from "vitest";
import type { ConnectedApp } from "@/lib/oauth/connected-apps";
import { describeScope } from "@/lib/oauth/describe-scope";
import { lastSeenOf, permissionsOf } from "./app-text";

const ISSUER = "https://id.example";

it("says what an app may do, each sentence once", () => {
  const sentences = permissionsOf({ scope: "openid orders:read", audiences: ["orders", "billing"] }, ISSUER);
  expect(sentences).toEqual([
    ...describeScope("openid orders:read", "orders"),
    ...describeScope("orders:read", "billing"),
  ]);
});

it("says nothing of a service where the tokens are for Latchkey itself", () => {
  const audiences = [`${ISSUER}/oauth/userinfo`];
  expect(permissionsOf({ scope: "openid email", audiences }, ISSUER)).toEqual(
    describeScope("openid email", null),
  );
});

it("was last seen where its grant was in use last", () => {
  const grants = ["2026-01-02", "2026-01-03", "2026-01-01"].map((day) => ({ lastSeenAt: new Date(day) }));
  expect(lastSeenOf({ grants } as Pick<ConnectedApp, "grants">)).toBe(grants[1]);
  expect(lastSeenOf({ grants: [] })).toBeNull();
});
