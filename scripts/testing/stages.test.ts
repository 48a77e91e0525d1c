import { describe, expect, it } from "vitest";
import { PROJECT } from "../setup.mjs";
import { judge, readPlaywright, readVitest, selectStages } from "./stages.mjs";

describe("a stage", () => {
  const itself = ["the run itself, see above"];

  it.each([
    ["passes with its tests", true, { passed: 3, failed: 0 }, { passed: 3, failed: 0 }, []],
    ["fails with its tests", false, { passed: 3, failed: 2 }, { passed: 3, failed: 2 }, []],
    ["fails when it ran nothing", true, { passed: 0, failed: 0 }, { passed: 0, failed: 1 }, itself],
    [
      "fails when it crashed after its tests",
      false,
      { passed: 3, failed: 0 },
      { passed: 3, failed: 1 },
      itself,
    ],
  ])("%s", (_name, succeeded, told, judged, failures) => {
    expect(judge(succeeded, { ...told, failures: [] })).toEqual({ ...judged, failures });
  });

  it("counts and names a skipped test and a file that does not load as failed", () => {
    const test = (status: string, fullName: string) => ({ status, fullName });
    const testResults = [
      {
        name: `${PROJECT}/lib/a.test.ts`,
        assertionResults: [test("passed", "x"), test("passed", "y"), test("pending", "a b")],
      },
      { name: `${PROJECT}/lib/b.test.ts`, assertionResults: [] },
    ];
    expect(readVitest({ testResults })).toEqual({
      passed: 2,
      failed: 2,
      failures: ["lib/a.test.ts › a b (pending)", "lib/b.test.ts"],
    });
  });

  it("counts and names what did not pass at once in a browser, however deep it is described", () => {
    const spec = (title: string, status: string) => ({
      file: "a.spec.ts",
      line: 3,
      title,
      tests: [{ status }],
    });
    const suites = [
      {
        specs: [spec("one", "expected"), spec("two", "flaky")],
        suites: [{ specs: [spec("three", "unexpected")], suites: [{ specs: [spec("four", "skipped")] }] }],
      },
    ];
    expect(readPlaywright({ suites, errors: [{ message: "no browser\nat x" }] })).toEqual({
      passed: 1,
      failed: 4,
      failures: [
        "no browser",
        "a.spec.ts:3 › two (flaky)",
        "a.spec.ts:3 › three (unexpected)",
        "a.spec.ts:3 › four (skipped)",
      ],
    });
  });
});

describe("the stages to run", () => {
  const QUICK = ["lint", "types", "unit", "integration", "e2e"];
  const LONG = ["programs", "instances"];

  it.each([
    ["without a name, those that are not long", [], QUICK, []],
    ["with all, every one", ["all"], [...QUICK, ...LONG], []],
    ["a long one when it is named", ["instances", "storm"], ["instances"], ["storm"]],
    ["the named ones, in their order", ["e2e", "unit"], ["unit", "e2e"], []],
    ["with what follows for the runner", ["unit", "lib/keys", "-t", "x"], ["unit"], ["lib/keys", "-t", "x"]],
  ])("are %s", (_name, given, names, rest) => {
    const selected = selectStages(given);
    expect({ names: selected.stages.map(({ name }) => name), rest: selected.rest }).toEqual({ names, rest });
  });
});
