import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "../setup.mjs";

/**
 * @typedef {{ passed: number, failed: number }} Counts
 * @typedef {object} Stage
 * @property {string} name
 * @property {string[]} needs What has to be there: "build", or the name of a service.
 * @property {string[]} command A script in node_modules for Node, and its arguments.
 * @property {{ file: string, count: (text: string) => Counts }} [report] Without one, the stage counts as one test.
 */

const VITEST = "node_modules/vitest/vitest.mjs";
const PLAYWRIGHT = "node_modules/playwright/cli.js";

/** @type {Stage[]} */
const STAGES = [
  { name: "lint", needs: [], command: ["node_modules/@biomejs/biome/bin/biome", "ci", "."] },
  { name: "types", needs: ["build"], command: ["node_modules/typescript/bin/tsc", "--noEmit"] },
  vitest("unit", []),
  vitest("integration", ["postgres", "redis"]),
  vitest("instances", ["build", "postgres", "redis", "chromium"]),
  {
    name: "e2e",
    needs: ["build", "postgres", "chromium"],
    command: [PLAYWRIGHT, "test"],
    report: { file: ".cache/e2e.json", count: (text) => countPlaywright(JSON.parse(text)) },
  },
];

/**
 * @param {string} name
 * @param {string[]} needs
 * @returns {Stage}
 */
function vitest(name, needs) {
  const file = `.cache/${name}.json`;
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  return {
    name,
    needs,
    command: [VITEST, "run", "--project", name, ...reporters],
    report: { file, count: (text) => countVitest(JSON.parse(text)) },
  };
}

/**
 * The stages named at the start of the arguments, or all; the rest is the runner's.
 * @param {string[]} given
 */
export function selectStages(given) {
  const isStage = (/** @type {string} */ word) => STAGES.some((stage) => stage.name === word);
  const end = given.findIndex((word) => !isStage(word));
  const names = end === -1 ? given : given.slice(0, end);
  const stages = STAGES.filter((stage) => names.length === 0 || names.includes(stage.name));
  return { stages, rest: given.slice(names.length) };
}

/**
 * Runs them one after the other, a failing one too, and adds up what they counted.
 * @param {Stage[]} stages
 * @param {string[]} rest
 * @param {Record<string, string>} environment
 * @returns {Promise<Counts>}
 */
export async function runStages(stages, rest, environment) {
  const total = { passed: 0, failed: 0 };
  for (const stage of stages) {
    process.stdout.write(`\n── ${stage.name}\n`);
    const { passed, failed } = await runStage(stage, rest, environment);
    process.stdout.write(`── ${stage.name}: ${passed} passed, ${failed} failed\n`);
    total.passed += passed;
    total.failed += failed;
  }
  return total;
}

/**
 * @param {Stage} stage
 * @param {string[]} rest
 * @param {Record<string, string>} environment
 * @returns {Promise<Counts>}
 */
async function runStage({ command, report }, rest, environment) {
  if (report === undefined) {
    const succeeded = await run(command, environment);
    return { passed: succeeded ? 1 : 0, failed: succeeded ? 0 : 1 };
  }
  const file = join(PROJECT, report.file);
  rmSync(file, { force: true });
  const succeeded = await run([...command, ...rest], environment);
  return judge(succeeded, countFrom(file, report.count));
}

/**
 * A runner that fails without a failing test, or runs none, is a failure itself.
 * @param {boolean} succeeded
 * @param {Counts} counts
 * @returns {Counts}
 */
export function judge(succeeded, { passed, failed }) {
  const isHidden = failed === 0 && (!succeeded || passed === 0);
  return { passed, failed: isHidden ? 1 : failed };
}

/**
 * @param {string} file
 * @param {(text: string) => Counts} count
 * @returns {Counts}
 */
function countFrom(file, count) {
  try {
    return count(readFileSync(file, "utf8"));
  } catch {
    return { passed: 0, failed: 0 };
  }
}

/**
 * A test that is skipped has not passed, and a file that could not be loaded is one failure.
 * @param {{ numPassedTests: number, numTotalTests: number, testResults: { status: string, assertionResults: unknown[] }[] }} report
 * @returns {Counts}
 */
export function countVitest({ numPassedTests, numTotalTests, testResults }) {
  const unloaded = testResults.filter(
    ({ status, assertionResults }) => status === "failed" && !assertionResults.length,
  );
  return { passed: numPassedTests, failed: numTotalTests - numPassedTests + unloaded.length };
}

/**
 * @param {{ stats: { expected: number, unexpected: number, flaky: number, skipped: number }, errors: unknown[] }} report
 * @returns {Counts}
 */
export function countPlaywright({ stats, errors }) {
  return { passed: stats.expected, failed: stats.unexpected + stats.flaky + stats.skipped + errors.length };
}

/**
 * @param {string[]} command
 * @param {Record<string, string>} environment
 * @returns {Promise<boolean>}
 */
function run(command, environment) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, command, {
      cwd: PROJECT,
      env: { ...process.env, ...environment },
      stdio: ["ignore", "inherit", "inherit"],
    });
    const stop = () => child.kill("SIGTERM");
    process.once("SIGTERM", stop);
    child.once("error", () => resolve(false));
    child.once("exit", (code) => {
      process.off("SIGTERM", stop);
      resolve(code === 0);
    });
  });
}
