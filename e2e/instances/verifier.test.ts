import { decodeProtectedHeader } from "jose";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { addAudience, type Issuer, newVisitor, startIssuer, tokenFor } from "@/examples/support/issuer";
import { createVerifier } from "@/lib/verifier";

const BOUND_SECONDS = 3;

let issuer: Issuer;
let feedToken: string;
let verifier: ReturnType<typeof createVerifier>;
let rejections: string[];
beforeAll(async () => {
  issuer = await startIssuer();
  ({ feedToken } = await addAudience(issuer, { identifier: "orders", profile: "mesh" }));
});
afterAll(() => issuer.remove());
beforeEach(async () => {
  rejections = [];
  verifier = createVerifier({
    profile: "mesh",
    issuer: issuer.origin,
    audience: "orders",
    revocation: { feed: { token: feedToken, maxStalenessSeconds: BOUND_SECONDS } },
    onRejected: (reason) => rejections.push(reason),
  });
  await verifier.ready();
});
afterEach(() => verifier.close());

const kidOf = (token: string) => decodeProtectedHeader(token).kid;
const isAccepted = async (token: string) => (await verifier.verify(token)).ok;

it("a service goes on while the signing key is replaced: the next one was there before", async () => {
  const visitor = await newVisitor(issuer);
  const former = await tokenFor(issuer, visitor, "orders");
  expect(await isAccepted(former)).toBe(true);
  // It has been published for long enough, as if a day had passed.
  await issuer.sql("UPDATE signing_keys SET created_at = created_at - interval '1 day'", []);
  await issuer.manage("POST", "keys/rotate", { reason: "test" });
  const next = await tokenFor(issuer, visitor, "orders");
  expect(kidOf(next)).not.toBe(kidOf(former));
  expect([await isAccepted(former), await isAccepted(next)]).toEqual([true, true]);
  expect(rejections).toEqual([]);
});

it("a service refuses what a revoked key has signed, within its bound, and accepts the next key", async () => {
  const visitor = await newVisitor(issuer);
  const stolen = await tokenFor(issuer, visitor, "orders");
  expect(await isAccepted(stolen)).toBe(true);
  await issuer.manage("POST", `keys/${kidOf(stolen)}/revoke`, { reason: "test" });
  const revokedAt = Date.now();
  let lastAcceptedAt = 0;
  await vi.waitFor(
    async () => {
      const askedAt = Date.now();
      if (await isAccepted(stolen)) lastAcceptedAt = askedAt;
      expect(lastAcceptedAt).toBeLessThan(askedAt);
    },
    { timeout: 30_000, interval: 20 },
  );
  expect(lastAcceptedAt).toBeLessThanOrEqual(revokedAt + BOUND_SECONDS * 1000);
  expect(rejections).toContain("denied");
  expect(await isAccepted(await tokenFor(issuer, visitor, "orders"))).toBe(true);
});
