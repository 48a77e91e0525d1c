import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { PROJECT } from "../setup.mjs";

/**
 * @typedef {object} Outcome
 * @property {number} passed
 * @property {number} failed
 * @property {string[]} failures What failed, by file and name, as far as the runner told.
 * @typedef {object} Stage
 * @property {string} name
 * @property {string[]} needs What has to be there: "build", or the name of a service.
 * @property {boolean} [isLong] Not run unless it is asked for, by its name or with all.
 * @property {string[]} command A script in node_modules for Node, and its arguments.
 * @property {{ file: string, read: (text: string) => Outcome }} [report] Without one, the stage counts as one test.
 */

const VITEST = "node_modules/vitest/vitest.mjs";
const PLAYWRIGHT = "node_modules/playwright/cli.js";
/** What ./file-limit.mjs says of the files that it ended. */
const ENDED = join(PROJECT, ".cache/ended.txt");

/** @type {Stage[]} */
const STAGES = [
  { name: "lint", needs: [], command: ["node_modules/@biomejs/biome/bin/biome", "ci", "."] },
  { name: "types", needs: ["build"], command: ["node_modules/typescript/bin/tsc", "--noEmit"] },
  vitest("unit", []),
  vitest("integration", ["postgres", "redis"]),
  {
    name: "e2e",
    needs: ["build", "postgres", "data folder", "chromium"],
    command: [PLAYWRIGHT, "test"],
    report: { file: ".cache/e2e.json", read: (text) => readPlaywright(JSON.parse(text)) },
  },
  { ...vitest("programs", ["postgres", "redis"]), isLong: true },
  { ...vitest("instances", ["build", "postgres", "redis", "data folder", "chromium"]), isLong: true },
];

/** In place of the name of a stage: every one of them. */
const ALL = "all";

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
    report: { file, read: (text) => readVitest(JSON.parse(text)) },
  };
}

/**
 * The stages named at the start of the arguments, or those that are not long; the rest is the runner's.
 * @param {string[]} given
 */
export function selectStages(given) {
  const isStage = (/** @type {string} */ word) => word === ALL || STAGES.some((stage) => stage.name === word);
  const end = given.findIndex((word) => !isStage(word));
  const names = end === -1 ? given : given.slice(0, end);
  const isAsked = (/** @type {Stage} */ { name, isLong = false }) =>
    names.length === 0 ? !isLong : names.includes(name) || names.includes(ALL);
  return { stages: STAGES.filter(isAsked), rest: given.slice(names.length) };
}

/**
 * Runs them one after the other, a failing one too, and adds up what they told.
 * @param {Stage[]} stages
 * @param {string[]} rest
 * @param {Record<string, string>} environment
 * @returns {Promise<Outcome>}
 */
export async function runStages(stages, rest, environment) {
  /** @type {Outcome} */
  const total = { passed: 0, failed: 0, failures: [] };
  for (const stage of stages) {
    process.stdout.write(`\n── ${stage.name}\n`);
    const { passed, failed, failures } = await runStage(stage, rest, environment);
    process.stdout.write(`── ${stage.name}: ${passed} passed, ${failed} failed\n`);
    total.passed += passed;
    total.failed += failed;
    total.failures.push(...failures.map((failure) => `${stage.name}: ${failure}`));
  }
  return total;
}

/**
 * @param {Stage} stage
 * @param {string[]} rest
 * @param {Record<string, string>} environment
 * @returns {Promise<Outcome>}
 */
async function runStage({ command, report }, rest, environment) {
  if (report === undefined) {
    const succeeded = await run(command, environment);
    return judge(succeeded, { passed: succeeded ? 1 : 0, failed: 0, failures: [] });
  }
  const file = join(PROJECT, report.file);
  mkdirSync(dirname(ENDED), { recursive: true });
  for (const old of [file, ENDED]) rmSync(old, { force: true });
  const succeeded = await run([...command, ...rest], { ...environment, TEST_FILES_ENDED: ENDED });
  return judge(succeeded, withEnded(readReport(file, report.read)));
}

/**
 * With what was said of the files that took too long.
 * @param {Outcome} told
 * @returns {Outcome}
 */
function withEnded({ passed, failures }) {
  const ended = existsSync(ENDED)
    ? readFileSync(ENDED, "utf8")
        .trimEnd()
        .split(/\n(?! )/)
    : [];
  const all = [...ended, ...failures];
  return { passed, failed: all.length, failures: all };
}

/**
 * A runner that fails without a failing test, or runs none, is a failure itself.
 * @param {boolean} succeeded
 * @param {Outcome} told
 * @returns {Outcome}
 */
export function judge(succeeded, told) {
  const isHidden = told.failed === 0 && (!succeeded || told.passed === 0);
  return isHidden ? { ...told, failed: 1, failures: ["the run itself, see above"] } : told;
}

/**
 * @param {string} file
 * @param {(text: string) => Outcome} read
 * @returns {Outcome}
 */
function readReport(file, read) {
  try {
    return read(readFileSync(file, "utf8"));
  } catch {
    return { passed: 0, failed: 0, failures: [] };
  }
}

/**
 * A test that is skipped, or was never reached, has not passed, and a file of which no test is known is one failure.
 * @param {{ testResults: { name: string, assertionResults: { status: string, fullName: string }[] }[] }} report
 * @returns {Outcome}
 */
export function readVitest({ testResults }) {
  let passed = 0;
  const failures = [];
  for (const { name, assertionResults } of testResults) {
    const file = relative(PROJECT, name);
    if (assertionResults.length === 0) failures.push(file);
    for (const test of assertionResults) {
      if (test.status === "passed") passed += 1;
      else failures.push(`${file} › ${test.fullName} (${test.status})`);
    }
  }
  return { passed, failed: failures.length, failures };
}

/**
 * @typedef {{ file: string, title: string, line: number, tests: { status: string }[] }} PlaywrightSpec
 * @typedef {{ specs: PlaywrightSpec[], suites?: PlaywrightSuite[] }} PlaywrightSuite
 */

/**
 * A test that passed at the second try only, or was skipped, has not passed.
 * @param {{ suites: PlaywrightSuite[], errors: { message?: string }[] }} report
 * @returns {Outcome}
 */
export function readPlaywright({ suites, errors }) {
  let passed = 0;
  const failures = errors.map(({ message }) => message?.split("\n")[0] ?? "the run itself, see above");
  for (const { file, line, title, tests } of suites.flatMap(specsOf)) {
    for (const { status } of tests) {
      if (status === "expected") passed += 1;
      else failures.push(`${file}:${line} › ${title} (${status})`);
    }
  }
  return { passed, failed: failures.length, failures };
}

/**
 * @param {PlaywrightSuite} suite
 * @returns {PlaywrightSpec[]}
 */
function specsOf({ specs, suites = [] }) {
  return [...specs, ...suites.flatMap(specsOf)];
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
