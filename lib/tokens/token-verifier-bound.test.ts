import { expect, it, vi } from "vitest";
import { HeldClock } from "@/lib/keys/testing/held-clock";
import type { SessionClaims } from "./claims";
import { claims, createTestVerifier, NOW } from "./testing/test-issuer";
import { TokenVerifier } from "./token-verifier";
import * as verify from "./verify";

/** Stands in for the signature check: this is about how many tokens are remembered, not about which are good. */
vi.mock("./verify", { spy: true });

const MOST_REMEMBERED = 10_000;

it("remembers 10,000 tokens and lets the oldest go", async () => {
  const accepted = { ok: true, claims: claims() } as verify.Verification<SessionClaims>;
  const check = vi.mocked(verify.verifyToken).mockResolvedValue(accepted);
  const verifier = new TokenVerifier(createTestVerifier([]).rules, { version: 1 }, new HeldClock(NOW));
  const name = (index: number) => `token ${index}`;
  for (let index = 0; index <= MOST_REMEMBERED; index += 1) await verifier.verify(name(index));
  expect(check).toHaveBeenCalledTimes(MOST_REMEMBERED + 1);

  await verifier.verify(name(MOST_REMEMBERED));
  await verifier.verify(name(1));
  expect(check).toHaveBeenCalledTimes(MOST_REMEMBERED + 1);

  await verifier.verify(name(0));
  expect(check).toHaveBeenCalledTimes(MOST_REMEMBERED + 2);
});
