import { describe, expect, it } from "vitest";
import { changedFields, only } from "./changed-fields";

const NAMES = ["name", "uris", "tick", "keys", "keysAt"] as const;
const WAS = { name: "Shop", uris: "https://a\nhttps://b", tick: "yes", keys: null, keysAt: "https://k" };

function formOf(fields: Partial<Record<(typeof NAMES)[number], string>>, was: unknown = WAS): FormData {
  const form = new FormData();
  const sent = { name: "Shop", uris: "https://a\r\nhttps://b", tick: "yes", keys: "", keysAt: "https://k" };
  for (const [name, value] of Object.entries({ ...sent, ...fields })) form.set(name, value);
  if (was !== undefined) form.set("was", typeof was === "string" ? was : JSON.stringify(was));
  return form;
}

describe("the fields that were changed", () => {
  it("are none where nothing was, whatever the line ends", () => {
    expect(changedFields(formOf({}), NAMES)).toEqual([]);
  });

  it.each([
    ["a text", { name: "Store" }, ["name"]],
    ["a line", { uris: "https://a\r\nhttps://c" }, ["uris"]],
    ["a text that is taken away", { keysAt: "" }, ["keysAt"]],
    ["a text where none was", { keys: "{}" }, ["keys"]],
    ["several", { name: "Store", keys: "{}" }, ["name", "keys"]],
  ])("are those of %s", (_what, fields, changed) => {
    expect(changedFields(formOf(fields), NAMES)).toEqual(changed);
  });

  it("are those of a tick that is taken away, which a browser does not send", () => {
    const form = formOf({});
    form.delete("tick");
    expect(changedFields(form, NAMES)).toEqual(["tick"]);
  });

  it("come together where they are one", () => {
    expect(changedFields(formOf({ keys: "{}" }), NAMES, ["keys", "keysAt"])).toEqual(["keys", "keysAt"]);
    expect(changedFields(formOf({ name: "Store" }), NAMES, ["keys", "keysAt"])).toEqual(["name"]);
  });

  it.each([undefined, "", "no JSON", "[1]", '{"name":1}', "null"])("are all after %j", (was) => {
    const form = formOf({}, was ?? "");
    if (was === undefined) form.delete("was");
    expect(changedFields(form, NAMES)).toEqual([...NAMES]);
  });
});

it("only the named values are taken", () => {
  expect(only({ a: 1, b: undefined, c: 3 }, ["a", "b"])).toEqual({ a: 1, b: undefined });
});
