import fc from "fast-check";
import { expect, it, test } from "vitest";
import { basicCredentials } from "./basic-credentials";

const MALFORMED = { kind: "malformed" };
const reading = (header: string) => basicCredentials(new Headers({ authorization: header }));
const encoded = (text: string | Uint8Array) => Buffer.from(text).toString("base64");
/** As RFC 6749 appendix B encodes. */
const formEncoded = (text: string) => new URLSearchParams({ "": text }).toString().slice(1);

it("are none without the header", () => {
  expect(basicCredentials(new Headers())).toEqual({ kind: "none" });
});

test.each([
  ["of RFC 6749 section 2.3.1", "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW", "s6BhdRkqt3", "gX1fBat3bV"],
  ["with the scheme in any case", `bASIC ${encoded("a:b")}`, "a", "b"],
  ["with a colon in the secret", `Basic ${encoded("a:b:c")}`, "a", "b:c"],
  ["with escapes", `Basic ${encoded("a%3Ab:%25%2B+%C3%A9")}`, "a:b", "%+ é"],
  ["with spaces around", `  Basic ${encoded("a:b")}  `, "a", "b"], // Headers trims, as RFC 9110 section 5.5 asks
])("are read %s", (_how, header, clientId, secret) => {
  expect(reading(header)).toEqual({ kind: "credentials", clientId, secret });
});

test.each([
  ["nothing", ""],
  ["the scheme alone", "Basic"],
  ["no content", "Basic "],
  ["two spaces", `Basic  ${encoded("a:b")}`],
  ["a tab", `Basic\t${encoded("a:b")}`],
  ["no space", `Basic${encoded("a:b")}`],
  ["another scheme", `Bearer ${encoded("a:b")}`],
  ["two headers", `Basic ${encoded("a:b")}, Basic ${encoded("a:b")}`],
  ["a parameter", `Basic ${encoded("a:b")} charset=utf-8`],
  ["quotes", `Basic "${encoded("a:b")}"`],
  ["base64 without its padding", `Basic ${encoded("a:bc").replaceAll("=", "")}`],
  ["padding that is too long", `Basic ${encoded("a:b")}=`],
  ["stray bits", "Basic YTpiYx=="],
  ["base64url", `Basic ${Buffer.from("??>:???").toString("base64url")}`],
  ["the text itself", "Basic a:b"],
  ["no colon", `Basic ${encoded("ab")}`],
  ["no client id", `Basic ${encoded(":b")}`],
  ["no secret", `Basic ${encoded("a:")}`],
  ["a broken escape", `Basic ${encoded("a:%")}`],
  ["half an escape", `Basic ${encoded("a%4:b")}`],
  ["an escape that is no UTF-8", `Basic ${encoded("a:%FF")}`],
  ["a byte that is no UTF-8", `Basic ${encoded(Uint8Array.of(97, 58, 255))}`],
  ["NUL", `Basic ${encoded("a:b\0")}`],
  ["an escaped line", `Basic ${encoded("a%0Ab:c")}`],
  ["DEL", `Basic ${encoded("a:\x7f")}`],
  ["a control character of Latin-1", `Basic ${encoded("a:\u0085")}`],
  ["more than two thousand characters", `Basic ${encoded(`a:${"b".repeat(2_000)}`)}`],
])("are malformed with %s", (_what, header) => {
  expect(reading(header)).toEqual(MALFORMED);
});

it("are what a client has encoded, whatever it is called, and never one of two", () => {
  const text = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 30 })
    .filter((it) => !/[\p{Cc}\p{Cs}]/u.test(it));
  fc.assert(
    fc.property(text, text, (clientId, secret) => {
      const header = `Basic ${encoded(`${formEncoded(clientId)}:${formEncoded(secret)}`)}`;
      const headers = new Headers({ authorization: header });
      expect(basicCredentials(headers)).toEqual({ kind: "credentials", clientId, secret });
      headers.append("authorization", header);
      expect(basicCredentials(headers)).toEqual(MALFORMED);
    }),
  );
});

it("are malformed or none for whatever else is sent", () => {
  const raw = fc.uint8Array({ maxLength: 40 }).map((bytes) => `Basic ${encoded(bytes)}`);
  fc.assert(
    fc.property(raw, (header) => {
      const answer = reading(header);
      if (answer.kind !== "credentials") return void expect(answer).toEqual(MALFORMED);
      for (const half of [answer.clientId, answer.secret]) expect(half).toMatch(/^\P{Cc}+$/u);
    }),
    { numRuns: 1_000 },
  );
});
