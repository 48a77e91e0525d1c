import { expect, it } from "vitest";
import { CHANGED_FIELDS, clientChangeForm, NEW_FIELDS, newClientForm } from "./form-fields";

const ID = `client_${"A".repeat(22)}`;

const BLANK = {
  kind: "web",
  name: "Orders",
  redirectUris: "",
  scope: "",
  audiences: "",
  grantTypes: [],
  jwks: "",
  jwksUri: "",
  postLogoutRedirectUris: "",
  backchannelLogoutUri: "",
  origins: "",
  algorithm: "",
};

it("takes what was left blank as not said, and what is not ticked as no", () => {
  expect(newClientForm.parse(BLANK)).toEqual({
    kind: "web",
    name: "Orders",
    redirectUris: [],
    scope: "",
    audiences: [],
    grantTypes: [],
    jwks: null,
    jwksUri: null,
    postLogoutRedirectUris: [],
    backchannelLogoutUri: null,
    origins: [],
    algorithm: undefined,
    requiresDpop: false,
    requiresPushedRequests: false,
  });
});

it("takes one entry a line, without blank lines and the spaces around", () => {
  const typed = {
    redirectUris: " https://a.example/cb \r\n\r\nhttp://127.0.0.1/cb\n",
    audiences: "orders\n\tbilling",
    scope: "  openid \n  email ",
    requiresDpop: "yes",
  };
  expect(newClientForm.parse({ ...BLANK, ...typed })).toMatchObject({
    redirectUris: ["https://a.example/cb", "http://127.0.0.1/cb"],
    audiences: ["orders", "billing"],
    scope: "openid email",
    requiresDpop: true,
  });
});

it("takes a JWK Set, and one key as a set of it", () => {
  const key = { kty: "EC", crv: "P-256", x: "x", y: "y" };
  const keysOf = (jwks: string) => newClientForm.parse({ ...BLANK, jwks }).jwks;
  expect(keysOf(JSON.stringify({ keys: [key] }, null, 2))).toEqual({ keys: [key] });
  expect(keysOf(` ${JSON.stringify(key)}\n`)).toEqual({ keys: [key] });
});

it.each([
  [{ kind: "native" }, "kind", "Choose what it is."],
  [{ jwks: "{" }, "jwks", "This is not JSON. Give public keys as a JWK Set."],
])("%j is a fault of the field", (values, field, message) => {
  const { error } = newClientForm.safeParse({ ...BLANK, ...values });
  expect(error?.issues.map((issue) => [issue.path[0], issue.message])).toEqual([[field, message]]);
});

it("tells keys that were taken out of their field from a form that has no such field", () => {
  const { kind: _, jwks: __, jwksUri: ___, origins: ____, ...rest } = BLANK;
  const change = clientChangeForm.parse({ ...rest, id: ID });
  expect([change.jwks, change.jwksUri, change.origins]).toEqual([undefined, undefined, undefined]);
  expect(clientChangeForm.parse({ ...BLANK, id: ID })).toMatchObject({ jwks: null, jwksUri: null });
});

it("gives back every field that is typed in", () => {
  expect([...NEW_FIELDS].sort()).toEqual(Object.keys(newClientForm.shape).sort());
  expect(["id", "was", ...CHANGED_FIELDS].sort()).toEqual(Object.keys(clientChangeForm.shape).sort());
});
