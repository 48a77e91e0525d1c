import { expect, it } from "vitest";
import { newSession } from "@/lib/sessions/testing/session-store-contract";
import { listConnectedApps } from "./connected-apps";
import type { OAuthDependencies } from "./dependencies";
import type { Consent } from "./stores";
import { clientRecord } from "./testing/client-records";

const SHOP = clientRecord({ id: "client_shop" });
const ADA = { id: "0197b5a4-0000-7000-8000-000000000001" };
const at = (day: number) => new Date(Date.UTC(2026, 10, day));

const consent = (audience: string, scope: string, day: number): Consent => ({
  userId: ADA.id,
  clientId: SHOP.id,
  audience,
  scope,
  grantedAt: at(day),
});

function grant(audience: string, scope: string, day: number) {
  const terms = { parentId: null, audience, scope, isOffline: true, dpopJkt: null };
  return newSession(ADA, { grant: { clientId: SHOP.id, ...terms }, createdAt: at(day) });
}

const listed = (consents: Consent[], grants: ReturnType<typeof grant>[]) =>
  listConnectedApps(
    {
      stores: {
        consents: { listOfUser: async () => consents },
        sessions: { listLiveGrants: async () => grants },
        clients: { findAll: async () => [SHOP] },
      },
      clock: { now: () => at(30) },
    } as unknown as OAuthDependencies,
    ADA.id,
  );

it("an app may do at each service what was allowed there, and nothing that was allowed elsewhere", async () => {
  const consents = [consent("orders", "orders:read", 2), consent("billing", "billing:write", 1)];
  const [app] = await listed(consents, []);
  expect(app).toMatchObject({
    permissions: [
      { audience: "orders", scope: "orders:read" },
      { audience: "billing", scope: "billing:write" },
    ],
    grantedAt: at(2),
  });
});

it("what goes on now counts as well, each word once", async () => {
  const grants = [grant("orders", "orders:read openid", 3), grant("stock", "", 2)];
  const [app] = await listed([consent("orders", "openid", 1)], grants);
  expect(app).toMatchObject({
    permissions: [
      { audience: "orders", scope: "openid orders:read" },
      { audience: "stock", scope: "" },
    ],
    grants,
    grantedAt: at(3),
  });
});
