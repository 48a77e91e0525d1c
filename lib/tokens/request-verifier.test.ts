import { expect, it } from "vitest";
import { HeldClock } from "@/lib/keys/testing/held-clock";
import { RequestVerifier } from "./request-verifier";
import { createTestKey, createTestVerifier, forge, NOW } from "./testing/test-issuer";
import { TokenVerifier } from "./token-verifier";

const own = await createTestKey("own");

it("accepts a token for the whole of a request, and not for the next one", async () => {
  const clock = new HeldClock(NOW);
  const { rules } = createTestVerifier([own]);
  const verifier = new RequestVerifier(new TokenVerifier(rules, { version: 1 }, clock));
  const token = forge(own);
  await verifier.duringRequest(async () => {
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
    clock.advanceSeconds(3600);
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
  });
  expect(await verifier.verify(token)).toEqual({ ok: false, reason: "expired" });
});
