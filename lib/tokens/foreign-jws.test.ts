import fc from "fast-check";
import { expect, it } from "vitest";
import { parseCompactJws } from "./compact";
import { parseForeignJws } from "./foreign-jws";
import { base64url } from "./testing/test-issuer";

const HEADER = base64url('{"alg":"ES256"}');
const withPayload = (json: string): string => `${HEADER}.${base64url(json)}.AA`;

/** What programs write differently: white space around every token, each character as an escape. */
const spaced = (value: object): string => JSON.stringify(value, null, "\t\r\n ");
const escaped = (value: object): string =>
  JSON.stringify(value).replace(
    /"((?:[^"\\]|\\.)*)"/g,
    (_all, text: string) =>
      `"${text.replace(/\\.|[^\\]/g, (one) =>
        one.startsWith("\\") ? one : `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
      )}"`,
  );

it("reads any object as it was meant, however it is written", () => {
  const member = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.array(fc.string()));
  const objects = fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), member);
  fc.assert(
    fc.property(objects, (object) => {
      for (const json of [JSON.stringify(object), spaced(object), escaped(object)]) {
        expect(parseForeignJws(withPayload(json))?.payload).toEqual(object);
      }
    }),
  );
});

it.each([
  '{"a":1,"a":1}',
  '{"a":1, "\\u0061":2}',
  '{"a":{"b":1,"b":2}}',
  '{"a":[{"b":1,"b":2}]}',
  '{"a":1 2}',
  '{"a":"x" "y"}',
  '{"a":1e2}',
  '{"a":1}x',
  "{'a':1}",
])("has no reading of %s", (json) => {
  expect(parseForeignJws(withPayload(json))).toBeNull();
});

it("takes what we write ourselves as before", () => {
  const ours = withPayload('{"a":"b"}');
  expect(parseForeignJws(ours)).toEqual(parseCompactJws(ours));
});

it("is never an error", () => {
  const texts = fc.array(fc.oneof(fc.string(), fc.json().map(base64url)), { maxLength: 5 });
  fc.assert(
    fc.property(texts, (parts) => {
      expect(() => parseForeignJws(parts.join("."))).not.toThrow();
    }),
  );
});
