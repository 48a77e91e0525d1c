import { appendFileSync, writeSync } from "node:fs";
import { Session } from "node:inspector";
import { isMainThread, Worker } from "node:worker_threads";

/**
 * Loaded into each process of Vitest, which runs one file of tests: ends it as by `kill -9` once it has run for
 * TEST_FILE_SECONDS, ten minutes unless that says otherwise, which is many times what any of them takes. Vitest's own
 * limits are timers of the thread that runs the tests: code that runs in circles keeps them from ever being due, and
 * what waits outside a test has none. The last words say which file it was and where in the code it was; they go to
 * stderr and to the end of the file TEST_FILES_ENDED, if that is set.
 */
const LIMIT_MS = Number(process.env.TEST_FILE_SECONDS ?? 600) * 1_000;
/** What a thread that runs nothing, or only native code, takes to be interrupted: it is not. */
const INTERRUPT_MS = 5_000;
const FRAMES = 8;

/** @typedef {import("node:inspector").Debugger.CallFrame} Frame */

function endAtLimit() {
  const session = new Session();
  session.connectToMainThread();
  let file = "A file of tests";
  /** @type {Map<string, string>} */
  const scripts = new Map();
  session.on("Debugger.scriptParsed", ({ params }) => scripts.set(params.scriptId, params.url));
  session.on("Debugger.paused", ({ params: { callFrames } }) => {
    const places = callFrames.slice(0, FRAMES).map((frame) => placeOf(frame, scripts));
    end(file, `while it ran this:\n${places.join("\n")}`);
  });
  session.post("Debugger.enable");
  session.post(
    "Runtime.evaluate",
    { expression: "globalThis.__vitest_worker__?.filepath" },
    (_error, answer) => {
      file = answer?.result.value ?? file;
      session.post("Debugger.pause");
    },
  );
  setTimeout(() => end(file, "while it ran no JavaScript."), INTERRUPT_MS);
}

/**
 * @param {Frame} frame
 * @param {Map<string, string>} scripts
 */
function placeOf({ functionName, location: { scriptId, lineNumber } }, scripts) {
  return `  ${functionName || "(anonymous)"} ${scripts.get(scriptId)}:${lineNumber + 1}`;
}

/**
 * @param {string} file
 * @param {string} what
 */
function end(file, what) {
  const words = `${file} was ended after ${LIMIT_MS / 1_000} s, ${what}\n`;
  writeSync(2, words);
  if (process.env.TEST_FILES_ENDED) appendFileSync(process.env.TEST_FILES_ENDED, words);
  process.kill(process.pid, "SIGKILL");
}

if (isMainThread) new Worker(new URL(import.meta.url), { execArgv: [] }).unref();
else setTimeout(endAtLimit, LIMIT_MS);
