import { expect, it } from "vitest";
import { newKeyPair } from "@/lib/crypto/testing/key-pair";
import { audienceChangeForm, CHANGED_FIELDS, NEW_FIELDS, newAudienceForm } from "./form-fields";

const { publicKey, privateKey } = newKeyPair("ec", { namedCurve: "P-256" });
const JWK = publicKey.export({ format: "jwk" });

const BLANK = {
  identifier: "orders",
  profile: "mesh",
  algorithm: "",
  lifetimeSeconds: "",
  scope: "",
  encryptionJwk: "",
  jwksUri: "",
};

const faultsOf = (values: object) =>
  newAudienceForm
    .safeParse({ ...BLANK, ...values })
    .error?.issues.map(({ path, message }) => [path[0], message]);

it("takes what was left blank as not said", () => {
  expect(newAudienceForm.parse(BLANK)).toEqual({
    identifier: "orders",
    profile: "mesh",
    algorithm: undefined,
    lifetimeSeconds: undefined,
    scope: null,
    encryptionJwk: null,
    jwksUri: null,
  });
});

it("takes text as what the API would be sent, without the spaces around it", () => {
  const typed = {
    identifier: " orders ",
    algorithm: "RS256",
    lifetimeSeconds: " 90 ",
    scope: " a b ",
    encryptionJwk: ` ${JSON.stringify(JWK, null, 2)}\n`,
    jwksUri: " https://orders.example/jwks.json ",
  };
  expect(newAudienceForm.parse({ ...BLANK, ...typed })).toEqual({
    identifier: "orders",
    profile: "mesh",
    algorithm: "RS256",
    lifetimeSeconds: 90,
    scope: "a b",
    encryptionJwk: JWK,
    jwksUri: "https://orders.example/jwks.json",
  });
});

it.each([
  [{ lifetimeSeconds: "soon" }, "lifetimeSeconds", "A whole number of seconds."],
  [{ lifetimeSeconds: "1e2" }, "lifetimeSeconds", "A whole number of seconds."],
  [{ lifetimeSeconds: "60.5" }, "lifetimeSeconds", "A whole number of seconds."],
  [{ lifetimeSeconds: "-60" }, "lifetimeSeconds", "A whole number of seconds."],
  [{ profile: "" }, "profile", "Choose one of the profiles."],
  [{ algorithm: "none" }, "algorithm", "Choose one of the algorithms."],
  [{ encryptionJwk: "{" }, "encryptionJwk", "This is not JSON. Give a public key as a JWK."],
  [{ encryptionJwk: "[]" }, "encryptionJwk", "Give a public key as a JWK."],
])("%j is a fault of the field", (values, field, message) => {
  expect(faultsOf(values)).toEqual([[field, message]]);
});

it("refuses a private key without repeating it", () => {
  const jwk = privateKey.export({ format: "jwk" });
  const [[field, message] = []] = faultsOf({ encryptionJwk: JSON.stringify(jwk) }) ?? [];
  expect(field).toBe("encryptionJwk");
  expect(message).toMatch(/^This is a private key\./);
  expect(message).not.toContain(jwk.d);
});

it("tells a key that was taken out of its field from a form that has no such field", () => {
  const change = { identifier: "orders", lifetimeSeconds: "90", scope: "" };
  expect(audienceChangeForm.parse(change)).toEqual({
    identifier: "orders",
    lifetimeSeconds: 90,
    scope: null,
  });
  expect(audienceChangeForm.parse({ ...change, encryptionJwk: "", jwksUri: "" })).toEqual({
    identifier: "orders",
    lifetimeSeconds: 90,
    scope: null,
    encryptionJwk: null,
    jwksUri: null,
  });
});

it("gives back every field that is typed in", () => {
  expect([...NEW_FIELDS].sort()).toEqual(Object.keys(newAudienceForm.shape).sort());
  expect(["identifier", "was", ...CHANGED_FIELDS].sort()).toEqual(
    Object.keys(audienceChangeForm.shape).sort(),
  );
});
