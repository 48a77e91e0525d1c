import { expect, it, test } from "vitest";
import { custodyText, shortKid } from "./key-text";

it("shortens a kid to what tells keys apart", () => {
  expect(shortKid("NGRtqt0y5vKq3Hn1x0oWc2bUe8sZ7aYf4dJmLpRtXkE")).toBe("NGRtqt0y…");
});

test.each([
  ["staged", "ES256", "app-secret:q83vEjRWeJA", "sealed in the database"],
  ["active", "HS256", "app-secret:q83vEjRWeJA", "sealed in the database"],
  ["active", "EdDSA", "signer:hsm-1", "held by the signer outside"],
  ["retiring", "ES256", "app-secret:q83vEjRWeJA", "private part erased"],
  ["retiring", "HS256", "app-secret:q83vEjRWeJA", "sealed in the database"],
  ["retiring", "RS256", "signer:hsm-1", "private part erased"],
  ["retired", "HS256", "app-secret:q83vEjRWeJA", "private part erased"],
  ["revoked", "ES256", "signer:hsm-1", "private part erased"],
] as const)("a key that is %s, by %s in %s: %s", (state, algorithm, custody, text) => {
  expect(custodyText({ state, algorithm, custody })).toBe(text);
});
