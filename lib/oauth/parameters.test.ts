import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { isOAuthError } from "./oauth-error";
import { type Parameters, readAuthorizationParameters, readParameters } from "./parameters";

const read = (text: string): Parameters => readParameters(new URLSearchParams(text));

/** What is wrong with the parameters. */
function faultOf(text: string): string {
  try {
    read(text);
  } catch (error) {
    if (!isOAuthError(error)) throw error;
    expect([error.code, error.status]).toEqual(["invalid_request", 400]);
    expect(error.message).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
    return error.message;
  }
  throw new Error("Accepted.");
}

describe("a parameter", () => {
  test.each([
    ["state=a", "state", "a"],
    ["state=a+b%20c%2Bd", "state", "a b c+d"],
    ["state=%C3%A9", "state", "é"],
    ["redirect_uri=https%3A%2F%2Fa.test%2F%3Fb%3Dc%26d", "redirect_uri", "https://a.test/?b=c&d"],
    ["state=a=b", "state", "a=b"],
    ["state=%2525", "state", "%25"],
    ["other=1&state=a", "state", "a"],
    ["state=0", "state", "0"],
  ])("of %s named %s is %s", (text, name, value) => {
    expect(read(text).get(name)).toBe(value);
  });

  test.each([
    ["nothing", ""],
    ["a name", "state"],
    ["an empty value", "state="],
    ["another case", "State=a"],
    ["a space behind the name", "state+=a"],
    ["an index", "state[]=a&state[0]=b"],
    ["a longer name", "state2=a"],
  ])("is not there with %s", (_what, text) => {
    expect(read(text).get("state")).toBeNull();
  });

  test.each(["__proto__", "constructor", "toString", "hasOwnProperty", "get"])(
    "called %s is like any other",
    (name) => {
      expect(read("").get(name)).toBeNull();
      expect(read(`${name}=a`).get(name)).toBe("a");
      expect(({} as Record<string, unknown>).a).toBeUndefined();
    },
  );

  it("stays what it was when it was read", () => {
    const search = new URLSearchParams("state=a");
    const parameters = readParameters(search);
    search.set("state", "b");
    expect(parameters.get("state")).toBe("a");
    expect(Object.isFrozen(parameters)).toBe(true);
  });
});

describe("a parameter that is sent twice", () => {
  test.each([
    ["with two values", "state=a&state=b"],
    ["with the same value", "state=a&state=a"],
    ["empty at first", "state=&state=a"],
    ["empty at last", "state=a&state="],
    ["empty twice", "state&state"],
    ["in another spelling", "state=a&%73tate=b"],
    ["far apart", "state=a&b=1&c=2&state=a"],
  ])("is refused by its name: %s", (_how, text) => {
    expect(faultOf(text)).toBe("The parameter state was sent more than once.");
  });

  it("is refused when nobody knows it, and its name is repeated only where it is plain", () => {
    expect(faultOf("foo=1&foo=2")).toContain(" foo ");
    expect(faultOf("%22%5C%0A=1&%22%5C%0A=2")).toMatch(/^A parameter of another name/);
    expect(faultOf(`${"a".repeat(65)}=1&${"a".repeat(65)}=2`)).toMatch(/^A parameter of another name/);
  });
});

test.each([
  ["two", "resource=a&resource=b"],
  ["one that is too long", `resource=${"a".repeat(4097)}`],
  ["one that is no text", "resource=a%00"],
])("of resources %s are a target that is none (RFC 8707 section 2)", (_what, text) => {
  expect(() => read(text)).toThrow(expect.objectContaining({ code: "invalid_target", status: 400 }));
});

describe("of an authorization request", () => {
  const ask = (text: string) => readAuthorizationParameters(new URLSearchParams(text));

  it("nothing is wrong", () => {
    const asked = ask("client_id=a&state=b");
    expect([asked.get("client_id"), asked.get("state"), asked.fault]).toEqual(["a", "b", null]);
  });

  test.each([
    ["sent twice", "scope=a&scope=b", "scope", "invalid_request"],
    ["sent twice, as resources are", "resource=a&resource=b", "resource", "invalid_target"],
    ["sent twice, whose answer has none then", "state=a&state=a", "state", "invalid_request"],
    ["too long", `request=${"a".repeat(4097)}`, "request", "invalid_request"],
    ["no text", "nonce=%00", "nonce", "invalid_request"],
  ])("a parameter that is %s counts as left out, and its fault waits", (_what, text, name, code) => {
    const asked = ask(`client_id=a&${text}&prompt=none`);
    expect([asked.get("client_id"), asked.get(name), asked.get("prompt")]).toEqual(["a", null, "none"]);
    expect(asked.fault).toMatchObject({ code, message: expect.stringContaining(` ${name} `) });
  });

  it("the first fault is the one that is told", () => {
    expect(ask("scope=a&resource=b&scope=c&resource=d").fault).toMatchObject({ code: "invalid_request" });
    expect(ask("scope=a&resource=b&resource=c&scope=d").fault).toMatchObject({ code: "invalid_target" });
  });

  it("more than 64 are a fault that waits too", () => {
    const many = Array.from({ length: 64 }, (_, n) => `p${n}=`).join("&");
    const asked = ask(`${many}&client_id=a`);
    expect([asked.get("client_id"), asked.fault?.message]).toEqual([
      "a",
      "More than 64 parameters were sent.",
    ]);
    expect(() => ask(`${many}&redirect_uri=a&redirect_uri=a`)).toThrow(
      /redirect_uri was sent more than once/,
    );
  });

  test.each(["client_id", "redirect_uri", "request_uri"])(
    "a fault of %s waits for nothing: nobody knows who should hear of it",
    (name) => {
      for (const value of [`a&${name}=a`, `&${name}=a`, "a%00", "a".repeat(4097)]) {
        expect(() => ask(`scope=a&scope=b&${name}=${value}`)).toThrow(new RegExp(` ${name} `));
      }
    },
  );
});

describe("a request with parameters", () => {
  const many = (count: number) => Array.from({ length: count }, (_, n) => `p${n}=`).join("&");

  it("has at most 64 of them, empty ones included", () => {
    expect(read(`${many(63)}&state=a`).get("state")).toBe("a");
    expect(faultOf(`${many(64)}&state=a`)).toBe("More than 64 parameters were sent.");
  });

  it("has at most 4096 characters in each, known or not", () => {
    expect(read(`scope=${"a".repeat(10_240)}`).get("scope")).toHaveLength(10_240);
    expect(faultOf(`token=${"a".repeat(16_385)}`)).toBe(
      "The parameter token is longer than 16384 characters.",
    );
    expect(read(`state=${"a".repeat(4096)}`).get("state")).toHaveLength(4096);
    expect(faultOf(`state=${"a".repeat(4097)}`)).toBe("The parameter state is longer than 4096 characters.");
    expect(faultOf(`foo=${"a".repeat(4097)}`)).toContain(" foo ");
    expect(faultOf(`${"a".repeat(4097)}=1`)).toMatch(/^A parameter of another name is longer/);
  });

  test.each([
    "%00",
    "%01",
    "%09",
    "%0A",
    "%0d",
    "%1F",
    "%7F",
    "%C2%80",
    "%C2%85",
    "%C2%9F",
    "%FF",
    "%C0%AF",
    "%EF%BF%BD",
  ])("has no %s in a value or a name", (escaped) => {
    expect(faultOf(`state=a${escaped}b`)).toBe("The parameter state has characters in it that are no text.");
    expect(faultOf(`foo${escaped}=1`)).toMatch(/^A parameter of another name has/);
  });
});

describe("whatever is sent", () => {
  const names = fc.oneof(
    fc.constantFrom("state", "scope", "client_id", "State", "__proto__", "constructor", ""),
    fc.string({ maxLength: 8, unit: "grapheme" }),
  );
  const values = fc.oneof(
    fc.string({ maxLength: 12, unit: "grapheme" }),
    fc.string({ unit: "binary", maxLength: 4 }),
  );

  it("each value is the one that was sent under exactly this name, or the whole is refused", () => {
    const pairs = fc.array(fc.tuple(names, values), { maxLength: 8 });
    fc.assert(
      fc.property(pairs, names, (sent, asked) => {
        const text = new URLSearchParams(sent).toString();
        const isRepeated = new Set(sent.map(([name]) => name)).size < sent.length;
        const isText = !/[\p{Cc}\p{Cs}\ufffd]/u.test(sent.flat().join(" "));
        if (isRepeated || !isText) return void faultOf(text);
        for (const [name, value] of sent) expect(read(text).get(name)).toBe(value || null);
        if (!sent.some(([name]) => name === asked)) expect(read(text).get(asked)).toBeNull();
      }),
      { numRuns: 2_000 },
    );
  });

  it("a text of a stranger is read or refused with one sentence", () => {
    const piece = fc.constantFrom(
      "&",
      "=",
      "state",
      "a",
      "%",
      "%0",
      "%41",
      "%00",
      "+",
      "?",
      ";",
      "#",
      "é",
      "\0",
      "[]",
    );
    const text = fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(""));
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof(text, fc.string()), (body) => {
        const sent = new URLSearchParams(body).getAll("state");
        let value: string | null;
        try {
          value = read(body).get("state");
        } catch {
          return void faultOf(body);
        }
        accepted += 1;
        expect(sent.length).toBeLessThanOrEqual(1);
        expect(value).toBe(sent[0] || null);
      }),
      { numRuns: 2_000 },
    );
    expect(accepted).toBeGreaterThan(300);
  });
});
