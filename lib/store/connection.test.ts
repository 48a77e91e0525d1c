import { expect, it } from "vitest";
import { Connection } from "./connection";

it("a connection that is cut off while nobody waits for its answer does not end the process", () => {
  expect(() => new Connection().emit("error", new Error("terminating connection"))).not.toThrow();
});
