import { describe, expect, it, test } from "vitest";
import { ERRORS, type ErrorCode } from "./catalogue";
import { hasCode, isLatchkeyError, LatchkeyError } from "./latchkey-error";
import { problemHeaders, toProblem } from "./problem";

const codes = Object.keys(ERRORS) as ErrorCode[];
const codesWithStatus = (status: number) => codes.filter((code) => ERRORS[code].status === status);

const loaded = (code: ErrorCode) =>
  new LatchkeyError(code, {
    reason: "internal-reason-7c1",
    cause: new Error("SELECT * FROM users"),
    retryAfterSeconds: 7,
  });

describe("a problem", () => {
  test.each(codes)("%s has the public members of RFC 9457 and nothing else", (code) => {
    const problem = toProblem(loaded(code), "request-1");
    expect(problem).toEqual({
      type: "about:blank",
      title: ERRORS[code].title,
      status: ERRORS[code].status,
      code,
      requestId: "request-1",
    });
    expect(JSON.stringify(problem)).not.toMatch(/internal-reason|SELECT|stack/);
  });

  it("has the fields of a request that is not valid", () => {
    const error = new LatchkeyError("invalid_request", { fields: { email: "Enter an e-mail address." } });
    expect(toProblem(error, "r").errors).toEqual({ email: "Enter an e-mail address." });
  });
});

describe("its headers", () => {
  it("are those of a problem that nobody may keep", () => {
    for (const code of codes) {
      expect(problemHeaders({ code })).toMatchObject({
        "Content-Type": "application/problem+json",
        "Cache-Control": "no-store",
      });
    }
  });

  it("challenge the caller of every 401 (RFC 6750 section 3), and of nothing else", () => {
    expect(problemHeaders({ code: "invalid_token" })["WWW-Authenticate"]).toBe(
      'Bearer error="invalid_token"',
    );
    expect(problemHeaders({ code: "not_authenticated" })["WWW-Authenticate"]).toBe("Bearer");
    const challenged = codes.filter((code) => "WWW-Authenticate" in problemHeaders({ code }));
    expect(challenged).toEqual(codesWithStatus(401));
  });

  it("say when to try again where waiting helps", () => {
    expect(problemHeaders({ code: "rate_limited", retryAfterSeconds: 870 })["Retry-After"]).toBe("870");
    expect(problemHeaders({ code: "unavailable" })["Retry-After"]).toBe("2");
    expect(problemHeaders({ code: "unavailable", retryAfterSeconds: 30 })["Retry-After"]).toBe("30");
    const unasked = codes.filter((code) => "Retry-After" in problemHeaders({ code }));
    expect(unasked).toEqual(codesWithStatus(503));
  });

  it("say nothing of the reason", () => {
    for (const code of codes)
      expect(JSON.stringify(problemHeaders(loaded(code)))).not.toMatch(/internal-reason|SELECT/);
  });
});

describe("the catalogue", () => {
  test.each(codes)("%s is a refusal with one sentence", (code) => {
    expect(code).toMatch(/^[a-z_]+$/);
    expect(ERRORS[code].status).toBeGreaterThanOrEqual(400);
    expect(ERRORS[code].status).toBeLessThan(600);
    expect(ERRORS[code].title).toMatch(/^[A-Z].*\.$/);
  });

  it("keeps the codes that other programs rely on", () => {
    const relied = Object.fromEntries(codes.map((code) => [code, ERRORS[code].status]));
    expect(relied).toMatchObject({
      signup_closed: 403,
      invalid_credentials: 401,
      invalid_refresh_token: 401,
      not_authenticated: 401,
      invalid_token: 401,
      rate_limited: 429,
      reauthentication_required: 403,
      unavailable: 503,
      body_too_large: 413,
    });
  });
});

describe("telling an error by its code", () => {
  it("works for an error of another copy of the class", () => {
    const copy = Object.assign(new Error("x"), { name: "LatchkeyError", code: "not_found" });
    expect(hasCode(copy, "not_found")).toBe(true);
    expect(hasCode(copy, "forbidden")).toBe(false);
  });

  it.each([
    ["a plain error", new Error("LatchkeyError")],
    ["a database error with a code", Object.assign(new Error("x"), { code: "not_found" })],
    ["an object", { name: "LatchkeyError", code: "not_found" }],
    ["null", null],
    ["text", "not_found"],
  ])("is not fooled by %s", (_name, value) => {
    expect(isLatchkeyError(value)).toBe(false);
    expect(hasCode(value, "not_found")).toBe(false);
  });

  it("says the public sentence and nothing of the reason", () => {
    const error = loaded("invalid_credentials");
    expect(error.message).toBe(ERRORS.invalid_credentials.title);
    expect(error).toMatchObject({ reason: "internal-reason-7c1", retryAfterSeconds: 7 });
  });
});
