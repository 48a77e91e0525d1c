import { expect, it } from "vitest";
import type { ConnectedApp } from "@/lib/oauth/connected-apps";
import { lastSeenOf } from "./app-text";

it("was last seen where its grant was in use last", () => {
  const grants = ["2026-01-02", "2026-01-03", "2026-01-01"].map((day) => ({ lastSeenAt: new Date(day) }));
  expect(lastSeenOf({ grants } as Pick<ConnectedApp, "grants">)).toBe(grants[1]);
  expect(lastSeenOf({ grants: [] })).toBeNull();
});
