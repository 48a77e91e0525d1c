import { describe, expect, it, test } from "vitest";
import { hasCode, type LatchkeyError } from "@/lib/errors/latchkey-error";
import {
  credentialsSchema,
  newPasswordSchema,
  passwordChangeSchema,
  requireGoodPassword,
} from "./credentials-input";
import { inviteSchema, nameSchema, userChangeSchema } from "./user-input";

const EMAIL = "ada@example.com";
const PASSWORD = "orchid velvet tractor";

/** Each schema with an input that it takes as it is. */
const INPUTS = [
  ["sign-in and sign-up", credentialsSchema, { email: EMAIL, password: PASSWORD }],
  ["a password change", passwordChangeSchema, { currentPassword: PASSWORD, newPassword: PASSWORD }],
  ["a new password", newPasswordSchema, { password: PASSWORD }],
  ["an invitation", inviteSchema, { email: EMAIL, role: "admin", name: "Ada" }],
  ["a change of a person", userChangeSchema, { role: "admin", status: "disabled" }],
] as const;

describe.each(INPUTS)("%s", (_name, schema, input) => {
  it("takes what it asks for", () => {
    expect(schema.parse(input)).toEqual(input);
  });

  test.each([
    ["id", "8f9c1f5e-0c55-4a53-a6b5-6d5ef6b3a7b1"],
    ["isAdmin", true],
    ["emailVerified", true],
    ["passwordHash", "$argon2id$"],
    ["tenantId", 1],
    ["sessions", { create: { id: "x" } }],
    ["constructor", { prototype: { isAdmin: true } }],
    ["createdAt", "2020-01-01T00:00:00Z"],
  ])("refuses %s beside it", (field, value) => {
    expect(schema.safeParse({ ...input, [field]: value }).success).toBe(false);
  });

  it("is not changed by __proto__", () => {
    const text = JSON.stringify(input).replace("{", '{"__proto__":{"isAdmin":true,"role":"admin"},');
    expect(schema.safeParse(JSON.parse(text)).success).toBe(false);
    expect({}).not.toHaveProperty("isAdmin");
  });

  test.each([null, undefined, "text", 1, [], [input]])("is not %j", (value) => {
    expect(schema.safeParse(value).success).toBe(false);
  });
});

test.each(["role", "status"])("sign-up cannot choose a %s", (field) => {
  const input = { email: EMAIL, password: PASSWORD, [field]: "admin" };
  expect(credentialsSchema.safeParse(input).success).toBe(false);
});

describe("a password as it is typed", () => {
  const parse = (password: unknown) => newPasswordSchema.safeParse({ password }).success;

  it("is kept as it is", () => {
    const typed = "  Orchid\u0000 ｖelvet e\u0301 ";
    expect(newPasswordSchema.parse({ password: typed }).password).toBe(typed);
  });

  it("is cut off at 1024 bytes before anything is hashed", () => {
    expect(parse("a".repeat(1024))).toBe(true);
    expect(parse("a".repeat(1025))).toBe(false);
    expect(parse("🦊".repeat(256))).toBe(true);
    expect(parse("🦊".repeat(257))).toBe(false);
    expect(parse("a".repeat(1024 * 1024))).toBe(false);
  });

  test.each([
    ["empty", ""],
    ["a number", 123_456_789_012_345],
    ["a list", [PASSWORD]],
    ["an object", { length: 15 }],
    ["null", null],
  ])("is not %s", (_name, value) => {
    expect(parse(value)).toBe(false);
  });
});

describe("a password that may not be chosen", () => {
  test.each(["password", "newPassword"] as const)("is reported for its field %s", (field) => {
    const refused = () => requireGoodPassword(field, "short", EMAIL);
    expect(refused).toThrow(expect.objectContaining({ code: "invalid_request" }));
    try {
      refused();
    } catch (error) {
      expect(hasCode(error, "invalid_request")).toBe(true);
      expect((error as LatchkeyError).fields).toEqual({ [field]: expect.stringMatching(/at least 15/) });
    }
  });

  it("is nothing where it may be", () => {
    expect(() => requireGoodPassword("password", PASSWORD, EMAIL)).not.toThrow();
  });
});

describe("an invitation", () => {
  it("is for a user without a name unless it says otherwise", () => {
    expect(inviteSchema.parse({ email: " ADA@example.com" })).toEqual({
      email: EMAIL,
      role: "user",
      name: null,
    });
  });

  test.each(["owner", "Admin", "", null, ["admin"], 1])("has no role %j", (role) => {
    expect(inviteSchema.safeParse({ email: EMAIL, role }).success).toBe(false);
  });
});

describe("a change of a person", () => {
  test.each([{}, { role: undefined }, { role: "owner" }, { status: "deleted" }, { status: null }])(
    "is not %j",
    (change) => {
      expect(userChangeSchema.safeParse(change).success).toBe(false);
    },
  );
});

describe("a name", () => {
  test.each([
    [" Ada Lovelace ", "Ada Lovelace"],
    ["Žofia 山田", "Žofia 山田"],
    ["<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"],
    ["", null],
    ["   ", null],
    ["x".repeat(100), "x".repeat(100)],
  ])("%j is %j", (text, name) => {
    expect(nameSchema.parse(text)).toBe(name);
  });

  test.each([
    "x".repeat(101),
    "a\nb",
    "a\0b",
    "a\u001b[31m",
    "a\u202eb",
    "a\u2066b",
    "a\u200fb",
    "a\u0085b",
    1,
    null,
  ])("%j is none", (text) => {
    expect(nameSchema.safeParse(text).success).toBe(false);
  });
});
