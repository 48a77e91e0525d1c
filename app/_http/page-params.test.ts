import { expect, test } from "vitest";
import { encodeBase64url } from "@/lib/crypto/base64url";
import { readPage } from "./page-params";

/** The longest that an audience may have. */
const LONGEST_IDENTIFIER = 200;

test("a list takes the longest cursor that it gives", () => {
  const cursor = encodeBase64url(Buffer.alloc(LONGEST_IDENTIFIER, "a"));
  expect(readPage(new URLSearchParams({ cursor }))).toEqual({ limit: 50, cursor });
});

test.each([{ cursor: "a".repeat(301) }, { limit: "0" }, { limit: "201" }, { page: "2" }])(
  "a list refuses %o",
  (query) => {
    expect(() => readPage(new URLSearchParams(query))).toThrow();
  },
);
