import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { expect, vi } from "vitest";
import { freePort } from "../../e2e/support/free-port";
import { type RunningProcess, startNode } from "../../e2e/support/running-process";
import { buildVerifierPackage } from "../../scripts/verifier-package";

const EXAMPLES = join(import.meta.dirname, "..");
const MODULES = join(EXAMPLES, "../node_modules");
const KIT = "@latchkey/verifier";

/** What is there once somebody has tried the example. */
const NOT_COPIED = new Set(["node_modules", "keys.json", "key.json"]);

/** A copy of an example, with what it depends on where `npm install` would have put it. */
export interface Example {
  folder: string;
  remove(): Promise<void>;
}

/** `packages` are taken from the project's own; the kit is built as it is now. */
export async function prepareExample(name: string, packages: readonly string[]): Promise<Example> {
  const folder = await mkdtemp(join(tmpdir(), `latchkey-${name}-`));
  await cp(join(EXAMPLES, name), folder, {
    recursive: true,
    filter: (path) => !NOT_COPIED.has(basename(path)),
  });
  await Promise.all(
    packages.map((dependency) => install(dependency, join(folder, "node_modules", dependency))),
  );
  return { folder, remove: () => rm(folder, { recursive: true }) };
}

async function install(name: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  if (name === KIT) await buildVerifierPackage(target);
  else await symlink(join(MODULES, name), target);
}

export interface Service {
  origin: string;
  /** As the process writes it. */
  output(): string;
  fetch(path: string, token?: string, init?: RequestInit): Promise<Response>;
  /** The status and the challenge. */
  ask(path: string, token?: string, method?: string): Promise<[status: number, challenge: string | null]>;
  untilStatus(path: string, token: string | undefined, expected: number): Promise<void>;
  /** When, by its own clock, it last wrote a line that ends so; in milliseconds. */
  lastSaidAt(what: string): number;
  stop(): Promise<void>;
}

export interface ServiceOptions {
  env: Record<string, string>;
  port?: number;
  program?: string;
}

const PATIENCE = { timeout: 30_000, interval: 20 };
const LISTENS = /http:\/\/(localhost|127\.0\.0\.1):\d+/;

/** Starts `node server.js`, or another program of an example, as its README does. Resolves when it says where it listens. */
export async function startService(
  example: Example,
  { env, port, program = "server.js" }: ServiceOptions,
): Promise<Service> {
  const chosen = port ?? (await freePort());
  const child = startNode([join(example.folder, program)], { PORT: String(chosen), ...env });
  const [origin] = await child.untilOutput(LISTENS);
  const service: Service = {
    origin,
    output: child.output,
    fetch: (path, token, init) => request(`${origin}${path}`, token, init),
    ask: async (path, token, method = "GET") => {
      const answer = await service.fetch(path, token, { method });
      await answer.text();
      return [answer.status, answer.headers.get("www-authenticate")];
    },
    untilStatus: (path, token, expected) =>
      vi.waitFor(async () => expect((await service.ask(path, token))[0]).toBe(expected), PATIENCE),
    lastSaidAt: (what) => {
      const line = child
        .output()
        .split("\n")
        .findLast((text) => text.endsWith(what));
      return Date.parse(line?.split(" ", 1)[0] ?? "");
    },
    stop: () => stop(child),
  };
  return service;
}

const request = (url: string, token: string | undefined, init: RequestInit = {}): Promise<Response> =>
  fetch(url, {
    ...init,
    redirect: "manual",
    headers: { ...init.headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
  });

async function stop(child: RunningProcess): Promise<void> {
  child.signal("SIGTERM");
  await child.ended;
}
