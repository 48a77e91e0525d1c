import { expect, it } from "vitest";
import { newKeyPair } from "@/lib/crypto/testing/key-pair";
import { safeReturnTo } from "@/lib/policy/return-to";
import { addressWith, clientsQuery, viewOf, viewQuery } from "./query";

const ID = `client_${"A".repeat(22)}`;
const { publicKey, privateKey } = newKeyPair("ec", { namedCurve: "P-256" });

const searchOf = (address: string) => Object.fromEntries(new URL(address, "https://x.example").searchParams);

it("holds what was typed for a new client, where one is sent back to", () => {
  const kept = {
    kind: "app",
    name: "Größe & Co = 100%",
    redirectUris: "https://a.example/cb?x=1&y=2\r\nhttp://127.0.0.1/cb",
    grantTypes: "authorization_code client_credentials",
    requiresDpop: "yes",
  };
  const jwk = { ...publicKey.export({ format: "jwk" }), kid: "orders-1" };
  const address = addressWith({ ...kept, scope: "", jwksUri: "", jwks: JSON.stringify(jwk, null, 2) });
  expect(safeReturnTo(address)).toBe(address);
  const { jwks, ...held } = clientsQuery.parse(searchOf(address));
  expect(held).toMatchObject({ ...kept, scope: null, jwksUri: null });
  expect(JSON.parse(jwks ?? "")).toEqual({ keys: [{ ...jwk, alg: "ES256" }] });
});

it.each([
  ["a private key", JSON.stringify(privateKey.export({ format: "jwk" }))],
  ["a set with a private key", JSON.stringify({ keys: [privateKey.export({ format: "jwk" })] })],
  ["no key", "what is in the clipboard"],
])("never holds %s", (_, jwks) => {
  expect(addressWith({ name: "x", jwks })).toBe("/admin/clients?name=x");
});

it("holds a client by its id, and that something was taken away", () => {
  const address = viewOf(ID, { scope: "", name: "Orders", jwks: "" });
  expect(safeReturnTo(address)).toBe(address);
  expect(viewQuery.parse(searchOf(address))).toMatchObject({
    id: ID,
    scope: "",
    name: "Orders",
    jwks: "",
    redirectUris: null,
    reason: null,
  });
});

it("leaves out what is too long for an address, rather than all of it", () => {
  const address = addressWith({
    origins: "o".repeat(10_000),
    redirectUris: "r".repeat(5_000),
    postLogoutRedirectUris: "p".repeat(4_000),
    name: "n".repeat(80),
    scope: "s",
  });
  expect(safeReturnTo(address)).toBe(address);
  expect(searchOf(address)).toEqual({
    name: "n".repeat(80),
    scope: "s",
    postLogoutRedirectUris: "p".repeat(4_000),
  });
});

it("leaves out what is too long once it is escaped in the address of the detour", () => {
  const address = addressWith({ name: "n", redirectUris: "ä".repeat(1_000) });
  expect(searchOf(address)).toEqual({ name: "n" });
});

it.each(["", "client_x", `${ID}A`, "3f1c1e80-7d0c-4c47-9a58-5a8f7c1c3d11"])("%j is no client's id", (id) => {
  expect(viewQuery.safeParse({ id }).success).toBe(false);
});
