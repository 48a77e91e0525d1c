import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aptInstall, findProgram, hasDocker } from "./programs.mjs";

/** @typedef {import("./services.mjs").Service} Service */

const DOCKER_IMAGE = "redis:7-alpine";

/**
 * The server at TEST_REDIS_URL, else one of our own: installed here, in Docker, or installed now.
 * @returns {Promise<Service | null>}
 */
export async function startRedis() {
  const given = process.env.TEST_REDIS_URL;
  if (given) return { environment: { TEST_REDIS_URL: given } };
  const program = findProgram("redis-server");
  if (program !== null) return startLocal(program);
  if (hasDocker()) return startInDocker();
  aptInstall("redis-server");
  const installed = findProgram("redis-server");
  return installed === null ? null : startLocal(installed);
}

/**
 * Nothing here outlives the tests: nothing is written to disk.
 * @param {string} program
 * @returns {Promise<Service>}
 */
async function startLocal(program) {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-redis-"));
  const port = await freePort();
  const words = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const server = spawn(program, [...words, "--dir", folder], {
    cwd: folder,
    // Out of the terminal's reach: on Ctrl-C the tests end first.
    detached: true,
    stdio: "ignore",
  });
  const ended = new Promise((resolve) => server.once("exit", resolve));
  await untilAnswers(port, ended);
  return {
    environment: { TEST_REDIS_URL: `redis://127.0.0.1:${port}` },
    stop: async () => {
      server.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** @returns {Promise<Service>} */
async function startInDocker() {
  const docker = (/** @type {string[]} */ ...words) =>
    execFileSync("docker", words, { encoding: "utf8" }).trim();
  const id = docker("run", "--rm", "-d", "-p", "127.0.0.1::6379", DOCKER_IMAGE, "--save", "");
  const [address = ""] = docker("port", id, "6379").split("\n");
  await untilAnswers(Number(address.split(":").at(-1)), new Promise(() => {}));
  return {
    environment: { TEST_REDIS_URL: `redis://${address}` },
    stop: async () => {
      docker("kill", id);
    },
  };
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/**
 * @param {number} port
 * @param {Promise<unknown>} ended
 */
async function untilAnswers(port, ended) {
  let isOver = false;
  ended.then(() => {
    isOver = true;
  });
  while (!(await ping(port))) {
    if (isOver) throw new Error("redis-server has ended before it answered.");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function ping(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("PING\r\n"));
    const finish = (/** @type {boolean} */ isThere) => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once("data", (answer) => finish(answer.toString().startsWith("+PONG")));
    socket.once("error", () => finish(false));
    socket.once("close", () => finish(false));
  });
}
