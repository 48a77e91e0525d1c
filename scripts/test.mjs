import { checkNode, prepare } from "./setup.mjs";
import { startServices } from "./testing/services.mjs";
import { runStages, selectStages } from "./testing/stages.mjs";

/**
 * `npm test`: what belongs before every commit, in a quarter of an hour. `npm test -- all`: every stage, as CI does.
 * `npm test -- unit e2e`: those stages alone. `npm test -- e2e login`: what follows the stages goes to the runner. What failed is named again at the end. The last line is always `N passed, N failed`; the
 * exit code is 0 when none failed.
 */
checkNode();
const { stages, rest } = selectStages(process.argv.slice(2));
await prepare({ build: stages.some((stage) => stage.needs.includes("build")) });

const services = await startServices(new Set(stages.flatMap((stage) => stage.needs)));
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
  process.once(signal, () => services.stop().finally(() => process.exit(1)));
}

const { passed, failed, failures } = await runStages(stages, rest, services.environment);
await services.stop();
for (const failure of failures) process.stdout.write(`✗ ${failure}\n`);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
