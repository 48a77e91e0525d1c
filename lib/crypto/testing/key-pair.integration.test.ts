import { expect, it } from "vitest";
import { startNode } from "@/e2e/support/running-process";

const program = `import { newKeyPair } from "./lib/crypto/testing/key-pair.ts";
for (let n = 0; n < 3_000; n += 1) {
  const { publicKey, privateKey } = newKeyPair("ec", { namedCurve: "P-256" });
  for (const key of [publicKey, privateKey]) key.export({ format: "jwk" });
}`;

it("can be exported while the one before is collected", async () => {
  // So little room that it is collected all the time.
  const made = startNode([
    "--max-semi-space-size=1",
    "--import",
    "tsx",
    "--input-type=module",
    "-e",
    program,
  ]);
  expect(await made.ended).toBe(0);
});
