import { expect, it } from "vitest";
import { clientChangeForm } from "../form-fields";
import { viewQuery } from "../query";
import { CLIENT } from "../testing/client";
import { settingsText } from "./settings-text";

const FULL = {
  ...CLIENT,
  authMethod: "private_key_jwt" as const,
  jwks: { keys: [{ kty: "OKP", crv: "Ed25519", x: "x", alg: "EdDSA" as const }] },
  redirectUris: ["https://a.example/1", "https://a.example/2"],
  audiences: ["orders", "billing"],
  requiresDpop: true,
};
const typedOf = (query: object) => viewQuery.parse({ id: CLIENT.id, ...query });

it("is read again as what it was written from", () => {
  const { grantTypes, requiresDpop, requiresPushedRequests, ...texts } = settingsText(FULL, typedOf({}));
  const form = {
    ...Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, text ?? ""])),
    id: CLIENT.id,
    grantTypes: grantTypes?.split(" "),
    requiresDpop: requiresDpop || undefined,
    requiresPushedRequests: requiresPushedRequests || undefined,
  };
  const { id, ...settings } = clientChangeForm.parse(form);
  expect(FULL).toMatchObject(settings);
});

it("holds what was typed before a detour, also that something was taken away", () => {
  const typed = typedOf({ name: "Bills", redirectUris: "", requiresDpop: "" });
  expect(settingsText(FULL, typed)).toMatchObject({
    name: "Bills",
    redirectUris: "",
    requiresDpop: "",
    audiences: "orders\nbilling",
  });
});
