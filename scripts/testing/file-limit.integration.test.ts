import { expect, it } from "vitest";
import { startNode } from "@/e2e/support/running-process";

/** What it says is no failure of the run that this is part of. */
const LIMIT = { TEST_FILE_SECONDS: "1", TEST_FILES_ENDED: "" };
const program = (then: string): string[] => [
  ...["--import", "./scripts/testing/file-limit.mjs", "--input-type=module", "-e"],
  `globalThis.__vitest_worker__ = { filepath: "lib/some.test.ts" }; ${then}`,
];

it.each([
  ["in one piece", "function circles() { for (;;); } setTimeout(circles);"],
  ["one microtask after the other", "(async function circles() { for (;;) await null; })();"],
])("ends a file that runs in circles, %s, and says where", async (_how, code) => {
  const file = startNode(program(code), LIMIT);
  expect(await file.ended).toBe("SIGKILL");
  expect(file.output()).toMatch(
    /^lib\/some\.test\.ts was ended after 1 s, while it ran this:\n {2}circles \S+:1\n/,
  );
});

it("ends a file that waits for ever", async () => {
  const file = startNode(program("setInterval(() => {}, 1_000_000);"), LIMIT);
  expect(await file.ended).toBe("SIGKILL");
  expect(file.output()).toBe("lib/some.test.ts was ended after 1 s, while it ran no JavaScript.\n");
});

it("keeps none from ending before", async () => {
  const file = startNode(program(""), {});
  expect(await file.ended).toBe(0);
  expect(file.output()).toBe("");
});
