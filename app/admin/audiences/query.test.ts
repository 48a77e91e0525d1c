import { expect, it } from "vitest";
import { newKeyPair } from "@/lib/crypto/testing/key-pair";
import { safeReturnTo } from "@/lib/policy/return-to";
import { addressWith, audiencesQuery, viewOf, viewQuery } from "./query";

const { publicKey, privateKey } = newKeyPair("ec", { namedCurve: "P-256" });
const JWK = { ...publicKey.export({ format: "jwk" }), kid: "payroll-1" };

const searchOf = (address: string) => Object.fromEntries(new URL(address, "https://x.example").searchParams);

it("holds what was typed for a new audience, where one is sent back to", () => {
  const kept = {
    identifier: "https://payroll.example/v1",
    profile: "high-security",
    lifetimeSeconds: "120",
    scope: "a&b=c d%20e",
  };
  const key = JSON.stringify(JWK, null, 2);
  const address = addressWith({ ...kept, algorithm: "", encryptionJwk: key, jwksUri: "" });
  expect(safeReturnTo(address)).toBe(address);
  const { encryptionJwk, ...held } = audiencesQuery.parse(searchOf(address));
  expect(held).toMatchObject({ ...kept, algorithm: null, jwksUri: null });
  expect(JSON.parse(encryptionJwk ?? "")).toEqual(JWK);
});

it.each([
  ["a private key", JSON.stringify(privateKey.export({ format: "jwk" }))],
  ["no key", "what is in the clipboard"],
])("never holds %s", (_, encryptionJwk) => {
  expect(addressWith({ identifier: "x", encryptionJwk })).toBe("/admin/audiences?identifier=x");
});

it("holds an audience by its identifier, and that something was taken away", () => {
  const address = viewOf("https://orders.example/v1", { scope: "", lifetimeSeconds: "90" });
  expect(safeReturnTo(address)).toBe(address);
  expect(viewQuery.parse(searchOf(address))).toEqual({
    identifier: "https://orders.example/v1",
    scope: "",
    lifetimeSeconds: "90",
    encryptionJwk: null,
    jwksUri: null,
    kid: null,
    reason: null,
    was: null,
  });
});

it("leaves out what is too long, rather than all of it", () => {
  const address = addressWith({ identifier: "x", scope: "s".repeat(1_001), jwksUri: "u".repeat(1_000) });
  expect(safeReturnTo(address)).toBe(address);
  expect(searchOf(address)).toEqual({ identifier: "x", jwksUri: "u".repeat(1_000) });
});
