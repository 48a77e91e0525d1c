import { describe, expect, it, test } from "vitest";
import { isArgumentList, isCalledForm, isPostedForm } from "./action-body";

const ID = "606c115f517589747165df3edd4797648980a518b7";
const REFERENCE = JSON.stringify({ id: ID, bound: "$@1" });
const posted = (overrides: Record<string, string | null> = {}): [string, unknown][] =>
  Object.entries({
    $ACTION_REF_1: "",
    "$ACTION_1:0": REFERENCE,
    "$ACTION_1:1": '[{"status":"idle"}]',
    $ACTION_KEY: "k03d9beb3f59b39763c935cf10f73aab7",
    email: "$F1@example.com",
    ...overrides,
  }).filter(([, value]) => value !== null);

describe("a form posted without script", () => {
  test("is taken as a page writes it, whatever was typed", () => {
    expect(isPostedForm(posted())).toBe(true);
    expect(isPostedForm([[`$ACTION_ID_${ID}`, ""]])).toBe(true);
    expect(isPostedForm([["email", "a"]])).toBe(true);
  });

  it.each([
    [{ "$ACTION_1:0": null }],
    [{ "$ACTION_1:1": null }],
    [{ "$ACTION_1:0": "x" }],
    [{ "$ACTION_1:0": "null" }],
    [{ "$ACTION_1:0": "[]" }],
    [{ "$ACTION_1:0": "{}" }],
    [{ "$ACTION_1:0": `{"id":"${ID}","bound":null}` }],
    [{ "$ACTION_1:0": '{"id":"../x","bound":"$@1"}' }],
    [{ "$ACTION_1:1": "x" }],
    [{ "$ACTION_1:1": "null" }],
    [{ "$ACTION_1:1": "{}" }],
    [{ "$ACTION_1:1": '["$F1"]' }],
    [{ "$ACTION_1:1": '[{"values":{"email":"$@0"}}]' }],
    [{ $ACTION_2: "" }],
    [{ $ACTION_REF_x: "" }],
    [{ $ACTION_ID_x: "" }],
    [{ $other: "" }],
  ])("is refused with %j", (overrides) => {
    expect(isPostedForm(posted(overrides))).toBe(false);
  });

  it("is refused when a hidden field is there twice", () => {
    expect(isPostedForm([...posted(), ["$ACTION_1:0", REFERENCE]])).toBe(false);
  });
});

describe("a form posted by script", () => {
  it.each([
    '[{"status":"idle"},"$K1"]',
    '[{"status":"error","values":{"email":"$$F1@example.com","name":"a\\"$b"}},"$K1"]',
    '["$K1"]',
    '["$undefined"]',
  ])("is taken with the arguments %s", (root) => {
    expect(
      isCalledForm([
        ["_1_email", "$F1"],
        ["0", root],
      ]),
    ).toBe(true);
  });

  it.each([
    "",
    "x",
    "{}",
    "null",
    '"$@0"',
    '["$F1"]',
    '["$1:aa:aa"]',
    '["$n99"]',
    '["$Q1"]',
    '[{"a":["$B1"]}]',
    '["$K1x"]',
  ])("is refused with the arguments %s", (root) => {
    expect(isCalledForm([["0", root]])).toBe(false);
    expect(isArgumentList(root)).toBe(false);
  });

  it("is refused without arguments, with two lists of them, or with hidden fields of the other kind", () => {
    expect(isCalledForm([["_1_email", "a"]])).toBe(false);
    expect(
      isCalledForm([
        ["0", "[]"],
        ["0", "[]"],
      ]),
    ).toBe(false);
    expect(
      isCalledForm([
        ["0", "[]"],
        ["$ACTION_REF_1", ""],
      ]),
    ).toBe(false);
  });
});
