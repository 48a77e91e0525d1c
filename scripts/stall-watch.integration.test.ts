import { expect, it } from "vitest";
import { startNode } from "../e2e/support/running-process";

const program = (then: string): string[] => [
  "--input-type=module",
  "-e",
  `import { endWhenStalled } from "./scripts/stall-watch.mjs";
   const stop = endWhenStalled(600);
   ${then}`,
];

it("ends a process that runs in circles, and says why", async () => {
  const stalled = startNode(program("setTimeout(() => { for (;;); }, 100);"), {});
  expect(await stalled.ended).toBe("SIGKILL");
  expect(stalled.output()).toMatch(/^The embedded database stopped: .+\n$/);
});

it("leaves one alone that is busy, and keeps none from ending", async () => {
  const busy = startNode(
    program(`const end = Date.now() + 2_000;
      const work = () => {
        const pause = Date.now() + 100;
        while (Date.now() < pause);
        if (Date.now() < end) setTimeout(work);
      };
      work();`),
    {},
  );
  expect(await busy.ended).toBe(0);
});

it("watches no longer than it is asked to", async () => {
  const stopped = startNode(
    program("stop(); const end = Date.now() + 1_500; setTimeout(() => { while (Date.now() < end); }, 100);"),
    {},
  );
  expect(await stopped.ended).toBe(0);
});
