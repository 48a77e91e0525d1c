import { writeSync } from "node:fs";
import { isMainThread, Worker, workerData } from "node:worker_threads";

/** Ticks of either thread, so that a computer that slept counts as one of them, however long it was. */
const TICKS = 60;

/**
 * Ends this process as by `kill -9`, with one line, once its main thread has run nothing but the same piece of code for
 * `limitMs`. A thread of its own watches: the main one can then neither hear a signal nor end itself. Returns what stops
 * the watch.
 * @param {number} limitMs
 * @returns {() => void}
 */
export function endWhenStalled(limitMs) {
  const beats = new Int32Array(new SharedArrayBuffer(4));
  const tickMs = limitMs / TICKS;
  const timer = setInterval(() => Atomics.add(beats, 0, 1), tickMs);
  const watcher = new Worker(new URL(import.meta.url), { workerData: { beats, tickMs }, execArgv: [] });
  timer.unref();
  watcher.unref();
  return () => {
    clearInterval(timer);
    void watcher.terminate();
  };
}

/** @param {{ beats: Int32Array, tickMs: number }} watched */
function watch({ beats, tickMs }) {
  let last = -1;
  let silentTicks = 0;
  setInterval(() => {
    const beat = Atomics.load(beats, 0);
    silentTicks = beat === last ? silentTicks + 1 : 0;
    last = beat;
    if (silentTicks < TICKS) return;
    writeSync(
      2,
      "The embedded database stopped: it has been running in circles. Start again; nothing is lost.\n",
    );
    process.kill(process.pid, "SIGKILL");
  }, tickMs);
}

if (!isMainThread && workerData?.beats) watch(workerData);
