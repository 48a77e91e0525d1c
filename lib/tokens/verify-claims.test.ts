import { describe, expect, it, test } from "vitest";
import {
  claims,
  createTestKey,
  createTestVerifier,
  forge,
  header,
  ISSUER,
  NOW,
  NOW_SECONDS,
  signTexts,
  TOLERANCE_SECONDS,
} from "./testing/test-issuer";
import { verifyToken } from "./verify";

const own = await createTestKey("own");
const { verdict, rules } = createTestVerifier([own]);

/** The verdict on a validly signed token whose payload differs in these claims. */
const judge = (payload: object) => verdict(forge(own, { payload }));

/** Likewise with one number written as JSON that JavaScript would not write. */
const judgeText = (name: string, text: string) => {
  const payload = JSON.stringify(claims({ [name]: "HERE" })).replace('"HERE"', text);
  return verdict(signTexts(own, JSON.stringify(header(own)), payload));
};

describe("instants that are none", () => {
  const notInstants = [
    undefined,
    "1795521600",
    "",
    1.5,
    NOW_SECONDS - 100.5,
    -1,
    0,
    1e308,
    null,
    [],
    [NOW_SECONDS],
    {},
    true,
    false,
  ];
  const rows = ["exp", "nbf", "iat", "auth_time"].flatMap((name) =>
    notInstants.map((value) => [name, value] as const),
  );

  test.each(rows)("%s: %j", async (name, value) => {
    expect(await judge({ [name]: value })).toBe("claims");
  });

  test.each([
    ["exp", "1e309"],
    ["exp", "1e308"],
    ["exp", "NaN"],
    ["exp", "Infinity"],
    ["exp", `${NOW_SECONDS + 300}.0`],
    ["exp", `0${NOW_SECONDS + 300}`],
    ["exp", `+${NOW_SECONDS + 300}`],
    ["nbf", "-1e309"],
    ["iat", "-1e309"],
  ])("%s: %s as JSON text", async (name, text) => {
    expect(await judgeText(name, text)).toBe("malformed");
  });

  it("reads no instant before 2020 or after 32 bits", async () => {
    expect(await judge({ exp: 4_294_967_296 })).toBe("claims");
    expect(await judge({ exp: 4_294_967_295 })).toBe("lifetime");
    expect(await judge({ nbf: 1_577_836_799 })).toBe("claims");
    expect(await judge({ nbf: 1_577_836_800 })).toBe("accepted");
  });
});

describe("time, with a tolerance of 10 s", () => {
  const ages = { nbf: NOW_SECONDS - 600, iat: NOW_SECONDS - 600 };

  test.each([
    [TOLERANCE_SECONDS - 1, "accepted"],
    [TOLERANCE_SECONDS, "expired"],
    [TOLERANCE_SECONDS + 1, "expired"],
    [0, "accepted"],
    [59, "expired"],
    [61, "expired"],
  ])("expired %s s ago: %s", async (secondsAgo, expected) => {
    expect(await judge({ ...ages, exp: NOW_SECONDS - secondsAgo })).toBe(expected);
  });

  test.each([
    ["nbf", TOLERANCE_SECONDS, "accepted"],
    ["nbf", TOLERANCE_SECONDS + 1, "not_yet_valid"],
    ["nbf", 59, "not_yet_valid"],
    ["nbf", 61, "not_yet_valid"],
    ["iat", TOLERANCE_SECONDS, "accepted"],
    ["iat", TOLERANCE_SECONDS + 1, "not_yet_valid"],
    ["iat", 61, "not_yet_valid"],
  ])("%s %s s ahead: %s", async (name, secondsAhead, expected) => {
    expect(await judge({ [name]: NOW_SECONDS + secondsAhead })).toBe(expected);
  });

  it("has no tolerance where the setting is 0", async () => {
    const exact = createTestVerifier([own], { clockToleranceSeconds: 0 });
    expect(await exact.verdict(forge(own, { payload: { ...ages, exp: NOW_SECONDS } }))).toBe("expired");
    expect(await exact.verdict(forge(own, { payload: { ...ages, exp: NOW_SECONDS + 1 } }))).toBe("accepted");
    expect(await exact.verdict(forge(own, { payload: { nbf: NOW_SECONDS + 1 } }))).toBe("not_yet_valid");
    expect(await exact.verdict(forge(own, { payload: { nbf: NOW_SECONDS } }))).toBe("accepted");
  });
});

describe("lifetime", () => {
  const iat = NOW_SECONDS - 300;
  test.each([
    [900, "accepted"],
    [901, "lifetime"],
    [86_400, "lifetime"],
    [0, "lifetime"],
    [-1, "lifetime"],
  ])("exp - iat of %s s: %s", async (seconds, expected) => {
    expect(await judge({ iat, nbf: iat, exp: iat + seconds })).toBe(expected);
  });
});

describe("audience", () => {
  test.each([
    ["ours", ISSUER, "accepted"],
    ["a list of ours", [ISSUER], "accepted"],
    ["a list with ours and another", ["https://other.example.com", ISSUER], "accepted"],
    ["another", "https://other.example.com", "audience"],
    ["a list of others", ["https://other.example.com", "x"], "audience"],
    ["a slash behind", `${ISSUER}/`, "audience"],
    ["upper case", ISSUER.toUpperCase(), "audience"],
    ["ours as a prefix", `${ISSUER}.evil.test`, "audience"],
    ["ours within", `x ${ISSUER}`, "audience"],
    ["http", ISSUER.replace("https", "http"), "audience"],
    ["absent", undefined, "claims"],
    ["empty", "", "claims"],
    ["an empty list", [], "claims"],
    ["null", null, "claims"],
    ["an object", { [ISSUER]: true }, "claims"],
    ["a nested list", [[ISSUER]], "claims"],
    ["a list with a number", [ISSUER, 1], "claims"],
    ["17 audiences", Array.from({ length: 17 }, () => ISSUER), "claims"],
  ])("%s", async (_name, aud, expected) => {
    expect(await judge({ aud })).toBe(expected);
  });

  it("is the verifier's own, not the issuer's", async () => {
    const service = createTestVerifier([own], { audience: "https://api.example.com" });
    expect(await service.verdict(forge(own))).toBe("audience");
    expect(await service.verdict(forge(own, { payload: { aud: "https://api.example.com" } }))).toBe(
      "accepted",
    );
  });
});

describe("issuer", () => {
  test.each([
    ["a slash behind", `${ISSUER}/`, "issuer"],
    ["upper case", ISSUER.toUpperCase(), "issuer"],
    ["http for https", ISSUER.replace("https", "http"), "issuer"],
    ["another", "https://other.example.com", "issuer"],
    ["a port", `${ISSUER}:443`, "issuer"],
    ["absent", undefined, "claims"],
    ["empty", "", "claims"],
    ["a list", [ISSUER], "claims"],
    ["null", null, "claims"],
  ])("%s", async (_name, iss, expected) => {
    expect(await judge({ iss })).toBe(expected);
  });
});

describe("claims that must be there, and no others", () => {
  const names = Object.keys(claims());

  test.each(names)("without %s", async (name) => {
    expect(await judge({ [name]: undefined })).toBe("claims");
  });

  test.each(names)("%s: null", async (name) => {
    expect(await judge({ [name]: null })).toBe("claims");
  });

  test.each([
    ["sub", ""],
    ["sub", "x".repeat(256)],
    ["sub", 1],
    ["sub", ["victim"]],
    ["jti", ""],
    ["jti", {}],
    ["sid", ""],
    ["client_id", ""],
    ["gen", -1],
    ["gen", 1.5],
    ["gen", 2 ** 31],
    ["gen", "3"],
    ["role", "owner"],
    ["role", "Admin"],
    ["role", ["admin"]],
    ["amr", []],
    ["amr", "pwd"],
    ["amr", ["none"]],
  ])("%s: %j", async (name, value) => {
    expect(await judge({ [name]: value })).toBe("claims");
  });

  test.each(["admin", "scope", "isAdmin", "constructor", "toString", "ROLE", "sub "])(
    "an extra %j",
    async (name) => {
      expect(await judge({ [name]: "x" })).toBe("claims");
    },
  );

  it("refuses a __proto__ member", async () => {
    const text = JSON.stringify(claims()).replace("{", '{"__proto__":{"role":"admin"},');
    expect(await verdict(signTexts(own, JSON.stringify(header(own)), text))).toBe("claims");
  });

  it("refuses 200 claims", async () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`c${index}`, 0]));
    expect(await judge(many)).toBe("claims");
  });

  it("hands on the claims as they were signed", async () => {
    const verification = await verifyToken(forge(own), rules, NOW);
    expect(verification).toEqual({ ok: true, claims: claims(), kid: "own" });
  });
});
