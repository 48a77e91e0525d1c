import { describe, expect, it } from "vitest";
import { isUnchanged } from "./is-unchanged";

const TAG = '"a-1"';

const ask = (header: string | undefined, tag = TAG) =>
  isUnchanged(new Headers(header === undefined ? {} : { "If-None-Match": header }), tag);

describe("what the caller has", () => {
  it.each([
    ["the tag itself", TAG],
    ["weakened by a proxy that compresses", `W/${TAG}`],
    ["one of a list", `"other", W/${TAG} ,"a-2"`],
    ["one of a list without spaces", `"other",${TAG}`],
    ["whatever there is", "*"],
  ])("is unchanged: %s", (_what, header) => {
    expect(ask(header)).toBe(true);
  });

  it.each([
    ["nothing", undefined],
    ["an empty header", ""],
    ["another tag", '"a-2"'],
    ["the tag as a part of another", '"a-1-gzip"'],
    ["the tag without its quotes", "a-1"],
    ["a weakness of another spelling", `w/${TAG}`],
    ["a list of others", '"b", W/"c"'],
  ])("is not: %s", (_what, header) => {
    expect(ask(header)).toBe(false);
  });
});
