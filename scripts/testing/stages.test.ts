import { describe, expect, it } from "vitest";
import { countPlaywright, countVitest, judge, selectStages } from "./stages.mjs";

describe("a stage", () => {
  it.each([
    ["passes with its tests", true, { passed: 3, failed: 0 }, { passed: 3, failed: 0 }],
    ["fails with its tests", false, { passed: 3, failed: 2 }, { passed: 3, failed: 2 }],
    ["fails when it ran nothing", true, { passed: 0, failed: 0 }, { passed: 0, failed: 1 }],
    ["fails when it crashed after its tests", false, { passed: 3, failed: 0 }, { passed: 3, failed: 1 }],
  ])("%s", (_name, succeeded, counted, judged) => {
    expect(judge(succeeded, counted)).toEqual(judged);
  });

  it("counts a skipped test and a file that does not load as failed", () => {
    const testResults = [
      { status: "passed", assertionResults: [{}, {}, {}] },
      { status: "failed", assertionResults: [] },
    ];
    expect(countVitest({ numPassedTests: 2, numTotalTests: 3, testResults })).toEqual({
      passed: 2,
      failed: 2,
    });
    const stats = { expected: 4, unexpected: 1, flaky: 1, skipped: 1 };
    expect(countPlaywright({ stats, errors: [{}] })).toEqual({ passed: 4, failed: 4 });
  });
});

describe("the stages to run", () => {
  it.each([
    ["all without a name", [], ["lint", "types", "unit", "integration", "instances", "e2e"], []],
    ["the named ones, in their order", ["e2e", "unit"], ["unit", "e2e"], []],
    ["with what follows for the runner", ["unit", "lib/keys", "-t", "x"], ["unit"], ["lib/keys", "-t", "x"]],
  ])("are %s", (_name, given, names, rest) => {
    const selected = selectStages(given);
    expect({ names: selected.stages.map(({ name }) => name), rest: selected.rest }).toEqual({ names, rest });
  });
});
