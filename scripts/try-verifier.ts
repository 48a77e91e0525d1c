import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { compileConsumer, EXPECTED, installVerifier, runConsumer } from "./testing/verifier-consumer";

/**
 * `node --import tsx scripts/try-verifier.ts [VERSION…]`: builds and installs the kit, and runs a service with it on
 * each version of Node, 20.19, 22 and 24 unless others are named. Each is installed from the npm registry, into a
 * folder that is removed at the end. Exits 1 when one of them fails.
 */
const versions = process.argv.length > 2 ? process.argv.slice(2) : ["20.19", "22", "24"];

const folder = mkdtempSync(join(tmpdir(), "latchkey-verifier-"));
try {
  const consumer = await installVerifier(folder);
  const faults = await compileConsumer(consumer, { module: "nodenext", lib: ["ES2023"] });
  if (faults !== "") throw new Error(faults);
  for (const version of versions) await tryOn(version, consumer);
} finally {
  rmSync(folder, { recursive: true });
}

async function tryOn(version: string, consumer: string): Promise<void> {
  const node = installNode(version);
  const exact = execFileSync(node, ["--version"], { encoding: "utf8" }).trim();
  const printed = await runConsumer(consumer, node).catch((error: Error) => error.message);
  const isRight = isDeepStrictEqual(printed, EXPECTED);
  process.stdout.write(isRight ? `${exact} ok\n` : `${exact} FAILED: ${JSON.stringify(printed)}\n`);
  if (!isRight) process.exitCode = 1;
}

/** The path of that Node. The packages of the registry hold nothing but the program. */
function installNode(version: string): string {
  const home = join(folder, `node-${version}`);
  const name = `node-${process.platform}-${process.arch}`;
  mkdirSync(home);
  writeFileSync(join(home, "package.json"), JSON.stringify({ private: true }));
  execFileSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", `${name}@${version}`], {
    cwd: home,
    stdio: ["ignore", "ignore", "inherit"],
  });
  return join(home, "node_modules", name, "bin/node");
}
