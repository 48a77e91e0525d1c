import { describe, expect, it } from "vitest";
import { changedMeanwhile } from "./changed-meanwhile";

const SHOWN = { name: "Shop", uris: "https://a\nhttps://b", tick: "yes", keys: null };
type Fields = Partial<Record<keyof typeof SHOWN, string>>;

/** As a browser sends it; a tick that is taken away is not. */
function formOf(typed: Fields = {}, was: unknown = SHOWN): FormData {
  const form = new FormData();
  const sent = { name: "Shop", uris: "https://a\r\nhttps://b", tick: "yes", keys: "", ...typed };
  for (const [name, value] of Object.entries(sent)) if (value !== "") form.set(name, value);
  form.set("was", typeof was === "string" ? was : JSON.stringify(was));
  return form;
}

describe("a form is let through", () => {
  it.each<[string, Fields, Record<string, string | null>]>([
    ["nobody else changed anything", { name: "Store", uris: "", tick: "" }, SHOWN],
    ["another changed to the same", { name: "Store" }, { ...SHOWN, name: "Store" }],
    [
      "another changed to the same lines",
      { uris: "https://c\r\nhttps://d" },
      { ...SHOWN, uris: "https://c\nhttps://d" },
    ],
  ])("where %s", (_what, typed, now) => {
    expect(changedMeanwhile(formOf(typed), now)).toBeNull();
  });

  it.each(["", "no JSON", "[1]", '{"name":1}', "null"])("that does not say what it has shown: %j", (was) => {
    expect(changedMeanwhile(formOf({}, was), { ...SHOWN, name: "Store" })).toBeNull();
  });

  it("at the second time, and not when it was changed again", () => {
    const now = { ...SHOWN, name: "Store" };
    const { values = {} } = changedMeanwhile(formOf(), now) ?? {};
    expect(changedMeanwhile(formOf({}, values.was), now)).toBeNull();
    expect(changedMeanwhile(formOf({}, values.was), { ...SHOWN, name: "Third" })).not.toBeNull();
  });
});

describe("a form that would take back another's change", () => {
  it.each<[string, Record<string, string | null>, Record<string, string>]>([
    ["a text", { name: "Store" }, { name: "Somebody else has changed it meanwhile, to: Store" }],
    ["lines", { uris: "x\ny" }, { uris: "Somebody else has changed it meanwhile, to: x, y" }],
    ["a tick", { tick: "" }, { tick: "Somebody else has taken it away meanwhile." }],
    ["something long", { keys: "x".repeat(201) }, { keys: "Somebody else has changed it meanwhile." }],
    [
      "several",
      { name: "Store", tick: "" },
      {
        name: "Somebody else has changed it meanwhile, to: Store",
        tick: "Somebody else has taken it away meanwhile.",
      },
    ],
  ])("hears of it at the field: %s", (_what, changed, errors) => {
    const answer = changedMeanwhile(formOf({}), { ...SHOWN, ...changed });
    expect(answer).toMatchObject({ status: "error", errors });
    expect(answer?.errors).toEqual(errors);
  });

  it("hears of it whether or not that field was changed here too, and keeps what was typed", () => {
    const answer = changedMeanwhile(formOf({ name: "Mine", tick: "" }), { ...SHOWN, name: "Theirs" });
    expect(answer?.errors).toEqual({ name: "Somebody else has changed it meanwhile, to: Theirs" });
    expect(answer?.values).toMatchObject({ name: "Mine", tick: "", keys: "" });
  });
});
