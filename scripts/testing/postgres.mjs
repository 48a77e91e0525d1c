import { execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aptInstall, findProgram, hasDocker, isRoot } from "./programs.mjs";

/** @typedef {import("./services.mjs").Service} Service */

const DEBIAN_VERSIONS = "/usr/lib/postgresql";
const DOCKER_IMAGE = "postgres:17-alpine";

/**
 * The server at TEST_DATABASE_URL, else one of our own: installed here, in Docker, or installed now.
 * @returns {Promise<Service | null>}
 */
export async function startPostgres() {
  const given = process.env.TEST_DATABASE_URL;
  if (given) return { environment: { TEST_DATABASE_URL: given } };
  if (findBinaries() === null && hasDocker()) return startInDocker();
  const binaries = findOrInstallPostgres();
  return binaries === null ? null : startLocal(binaries);
}

/** The server's programs on this machine, installed now if it must and may be; null when there is no way to them. */
export function findOrInstallPostgres() {
  return findBinaries() ?? (aptInstall("postgresql") ? findBinaries() : null);
}

function findBinaries() {
  const versions = existsSync(DEBIAN_VERSIONS) ? readdirSync(DEBIAN_VERSIONS) : [];
  const newestFirst = versions
    .sort((a, b) => Number(b) - Number(a))
    .map((name) => `${DEBIAN_VERSIONS}/${name}/bin`);
  const initdb = findProgram("initdb", newestFirst);
  const postgres = findProgram("postgres", newestFirst);
  return initdb === null || postgres === null ? null : { initdb, postgres };
}

/**
 * On a Unix socket in a temporary folder, so that no port can be taken. Nothing here outlives the tests: no fsync.
 * @param {{ initdb: string, postgres: string }} binaries
 * @returns {Promise<Service>}
 */
async function startLocal({ initdb, postgres }) {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-postgres-"));
  const user = unprivilegedUser();
  if (user !== null) chownSync(folder, user.uid, user.gid);
  chmodSync(folder, 0o700);
  const data = join(folder, "data");
  execFileSync(initdb, ["-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"], {
    ...user,
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const settings = ["listen_addresses=", "fsync=off", "full_page_writes=off", "max_connections=300"];
  const server = spawn(
    postgres,
    ["-D", data, "-k", folder, ...settings.flatMap((setting) => ["-c", setting])],
    {
      ...user,
      cwd: folder,
      // Out of the terminal's reach: on Ctrl-C the tests end first.
      detached: true,
      stdio: "ignore",
    },
  );
  const ended = new Promise((resolve) => server.once("exit", resolve));
  const url = `postgresql://postgres@localhost/postgres?host=${encodeURIComponent(folder)}`;
  await untilAnswers(url, ended);
  return {
    environment: { TEST_DATABASE_URL: url },
    stop: async () => {
      // SIGQUIT: at once, without a checkpoint.
      server.kill("SIGQUIT");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Whom the server runs as: Postgres refuses to run as root. Null: whoever runs this. */
export function unprivilegedUser() {
  if (!isRoot()) return null;
  const name = ["postgres", "nobody"].find((candidate) => idOf("-u", candidate) !== null);
  return { uid: idOf("-u", name ?? "") ?? 0, gid: idOf("-g", name ?? "") ?? 0 };
}

/**
 * @param {string} which
 * @param {string} user
 */
function idOf(which, user) {
  try {
    return Number(execFileSync("id", [which, user], { stdio: ["ignore", "pipe", "ignore"] }));
  } catch {
    return null;
  }
}

/** @returns {Promise<Service>} */
async function startInDocker() {
  const docker = (/** @type {string[]} */ ...words) =>
    execFileSync("docker", words, { encoding: "utf8" }).trim();
  const trust = ["-e", "POSTGRES_HOST_AUTH_METHOD=trust"];
  const settings = ["-c", "fsync=off", "-c", "max_connections=300"];
  const id = docker("run", "--rm", "-d", "-p", "127.0.0.1::5432", ...trust, DOCKER_IMAGE, ...settings);
  const [address = ""] = docker("port", id, "5432").split("\n");
  const url = `postgresql://postgres@${address}/postgres`;
  await untilAnswers(url, new Promise(() => {}));
  return {
    environment: { TEST_DATABASE_URL: url },
    stop: async () => {
      docker("kill", id);
    },
  };
}

/**
 * @param {string} url
 * @param {Promise<unknown>} ended
 */
async function untilAnswers(url, ended) {
  const { default: pg } = await import("pg");
  let isOver = false;
  ended.then(() => {
    isOver = true;
  });
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      return await client.end();
    } catch (error) {
      if (isOver) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
