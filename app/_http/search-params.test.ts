import { expect, test } from "vitest";
import { addressOf } from "./search-params";

test.each([
  [{}, "/list"],
  [{ q: null, cursor: null }, "/list"],
  [{ q: "a&b=c", cursor: null }, "/list?q=a%26b%3Dc"],
  [{ q: "ada", cursor: "x-_" }, "/list?q=ada&cursor=x-_"],
])("the address with %o", (query, address) => {
  expect(addressOf("/list", query)).toBe(address);
});
