import { describe, expect, it, test } from "vitest";
import {
  createTestAudiences,
  honestParts,
  payloadOf,
  type TestAudience,
  tokenFor,
} from "./testing/test-audiences";
import { ISSUER, NOW_SECONDS, TOLERANCE_SECONDS } from "./testing/test-issuer";

const { audiences } = await createTestAudiences({ doKeysCoincide: false });
const services = audiences.filter(({ identifier }) => ["orders", "payroll", "billing"].includes(identifier));

const REQUIRED = ["iss", "aud", "sub", "client_id", "exp", "nbf", "iat", "jti", "sid"];
const DATES = ["exp", "nbf", "iat", "auth_time"];
const MAX_LIFETIME_SECONDS = { own: 900, mesh: 900, legacy: 900, "high-security": 300 };

describe.each(services)("$name", (audience: TestAudience) => {
  const judge = async (changes: object) => {
    const verification = await audience.verify(tokenFor(audience, changes));
    return verification.ok ? "accepted" : verification.reason;
  };
  const handedOn = async (changes: object) => {
    const verification = await audience.verify(tokenFor(audience, changes));
    return verification.ok ? verification.claims : null;
  };
  /** JSON leaves a member out that is undefined. */
  const written = (changes: object) =>
    JSON.parse(JSON.stringify(payloadOf(honestParts(audience).payload, changes)));

  test.each(REQUIRED)("%s is required", async (name) => {
    for (const value of [undefined, null, {}, true, "", []])
      expect(await judge({ [name]: value })).toBe("claims");
  });

  test.each(["auth_time", "amr"])("%s may be left out, of a token that is about no person", async (name) => {
    expect(await judge({ [name]: undefined })).toBe("accepted");
    for (const value of [null, {}, true, "", []]) expect(await judge({ [name]: value })).toBe("claims");
  });

  it("hands on a role and a scope where there are any, and what is required", async () => {
    expect(await handedOn({})).toEqual(written({}));
    expect(await handedOn({ role: undefined, scope: undefined })).toEqual(
      written({ role: undefined, scope: undefined }),
    );
    for (const role of [null, "", "root", "ADMIN", ["admin"], 1])
      expect(await judge({ role })).toBe("claims");
  });

  it("hands on the key that it is bound to, or is refused where nobody could check that", async () => {
    const cnf = { jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" };
    if (audience.profile === "legacy") expect(await judge({ cnf })).toBe("claims");
    else expect(await handedOn({ cnf })).toEqual(written({ cnf }));
  });

  test.each([
    ["cnf", {}],
    ["cnf", null],
    ["cnf", []],
    ["cnf", "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"],
    ["cnf", { jkt: "" }],
    ["cnf", { jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4" }],
    ["cnf", { jkt: ["0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"] }],
    ["cnf", { jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", "x5t#S256": "x" }],
    ["cnf", { "x5t#S256": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" }],
    ["gen", 0],
    ["gen", 3],
  ])("is refused with %s: %j", async (name, value) => {
    expect(await judge({ [name]: value })).toBe("claims");
  });

  test.each([
    "email",
    "groups",
    "permissions",
    "isAdmin",
    "ROLE",
    "Scope",
    "sub ",
    "act",
    "may_act",
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "hasOwnProperty",
    "valueOf",
    "then",
    "toJSON",
    "0",
    "",
  ])("a claim %j that nobody here knows is refused, or ignored and not handed on", async (name) => {
    const changes = JSON.parse(`{${JSON.stringify(name)}:{"role":"admin","isAdmin":true}}`);
    expect(Object.keys(changes)).toEqual([name]);
    if (audience.profile === "legacy") {
      expect(await judge(changes)).toBe("claims");
      return;
    }
    const claims = await handedOn(changes);
    expect(claims).toEqual(written({}));
    expect(Object.keys(claims ?? {})).not.toContain(name);
    expect(Object.getPrototypeOf(claims)).toBe(Object.prototype);
    expect(claims).not.toHaveProperty("isAdmin");
  });

  test.each(["a", "read write", "orders:read", "!", "~", "[]", "A-Z.a_z/0*9", "x".repeat(1000), "read read"])(
    "scope %j",
    async (scope) => {
      expect(await judge({ scope })).toBe("accepted");
    },
  );

  test.each([
    "",
    " ",
    " read",
    "read ",
    "read  write",
    "read\twrite",
    "read\nwrite",
    "re\\ad",
    're"ad',
    "\u0000",
    "\u007f",
    "l\u00e9",
    "x".repeat(1001),
    ["read"],
    [],
    { read: true },
    1,
    true,
    null,
  ])("no scope: %j", async (scope) => {
    expect(await judge({ scope })).toBe("claims");
  });

  test.each([
    ["its own", audience.identifier, "accepted"],
    ["a list of its own", [audience.identifier], "accepted"],
    ["a list with another", ["others", audience.identifier], "accepted"],
    ["another", "others", "audience"],
    ["the issuer's", ISSUER, "audience"],
    ["another case", audience.identifier.toUpperCase(), "audience"],
    ["a slash behind", `${audience.identifier}/`, "audience"],
    ["a space behind", `${audience.identifier} `, "audience"],
    ["a list as text", JSON.stringify([audience.identifier]), "audience"],
    ["a list in a list", [[audience.identifier]], "claims"],
    ["a list with a number", [audience.identifier, 1], "claims"],
    ["17", Array.from({ length: 17 }, () => audience.identifier), "claims"],
  ])("aud: %s", async (_name, aud, verdict) => {
    expect(await judge({ aud })).toBe(verdict);
  });

  test.each([
    `${ISSUER}/`,
    ISSUER.toUpperCase(),
    ISSUER.replace("https", "http"),
    "https://other.example.com",
  ])("iss: %s", async (iss) => {
    expect(await judge({ iss })).toBe("issuer");
  });

  test.each(DATES)("%s is a whole number of seconds of our time", async (name) => {
    for (const value of [String(NOW_SECONDS), NOW_SECONDS + 0.5, -1, 0, 1, 1e12, [NOW_SECONDS], NaN]) {
      expect(await judge({ [name]: value })).toBe("claims");
    }
  });

  test.each([
    [1 - TOLERANCE_SECONDS, "accepted"],
    [-TOLERANCE_SECONDS, "expired"],
    [-TOLERANCE_SECONDS - 1, "expired"],
    [1, "accepted"],
  ])("exp %s s from now", async (seconds, verdict) => {
    const iat = NOW_SECONDS - 200;
    expect(await judge({ iat, nbf: iat, exp: NOW_SECONDS + seconds })).toBe(verdict);
  });

  test.each([
    ["nbf", TOLERANCE_SECONDS, "accepted"],
    ["nbf", TOLERANCE_SECONDS + 1, "not_yet_valid"],
    ["iat", TOLERANCE_SECONDS, "accepted"],
    ["iat", TOLERANCE_SECONDS + 1, "not_yet_valid"],
    ["nbf", 61, "not_yet_valid"],
    ["iat", 61, "not_yet_valid"],
  ])("%s %s s from now", async (name, seconds, verdict) => {
    expect(await judge({ [name]: NOW_SECONDS + seconds })).toBe(verdict);
  });

  it("lives no longer than its profile allows", async () => {
    const most = MAX_LIFETIME_SECONDS[audience.profile];
    const iat = NOW_SECONDS - 5;
    expect(await judge({ iat, exp: iat + most })).toBe("accepted");
    expect(await judge({ iat, exp: iat + most + 1 })).toBe("lifetime");
    expect(await judge({ iat, exp: iat })).toBe("lifetime");
    expect(await judge({ iat, exp: iat - 1 })).toBe("lifetime");
    expect(await judge({ exp: 4_294_967_295 })).toBe("lifetime");
  });
});
