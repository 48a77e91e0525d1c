import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { compileConsumer, EXPECTED, installVerifier, runConsumer } from "./testing/verifier-consumer";
import { minifiedSizes } from "./verifier-package";

const PROJECT = join(import.meta.dirname, "..");

const folder = mkdtempSync(join(tmpdir(), "latchkey-verifier-"));
let consumer = "";

beforeAll(async () => {
  consumer = await installVerifier(folder);
});

afterAll(() => rmSync(folder, { recursive: true }));

describe("the package", () => {
  it("holds what is needed and nothing else", () => {
    const installed = join(consumer, "node_modules/@latchkey/verifier");
    const files = readdirSync(installed, { recursive: true, encoding: "utf8" }).filter((name) =>
      /\.[a-z]+$/.test(name),
    );
    const others = files.filter((name) => !/^(types\/lib\/.+\.d\.ts|shared-[A-Z0-9]+\.js)$/.test(name));
    expect(others.toSorted()).toEqual([
      "README.md",
      "dpop.js",
      "express.js",
      "fastify.js",
      "index.js",
      "package.json",
      "request.js",
    ]);
    const texts = files.map((name) => readFileSync(join(installed, name), "utf8"));
    expect(texts.filter((text) => text.includes(PROJECT) || text.includes('"@/'))).toEqual([]);
    const imports = files
      .filter((name) => name.endsWith(".js"))
      .flatMap((name) => importsOf(join(installed, name)));
    expect(new Set(imports.filter((specifier) => !specifier.startsWith("./")))).toEqual(new Set(["jose"]));
  });

  it("depends on jose alone", () => {
    const installed = readdirSync(join(consumer, "node_modules")).filter((name) => !name.startsWith("."));
    expect(installed).toEqual(["@latchkey", "jose"]);
    expect(readdirSync(join(consumer, "node_modules/@latchkey"))).toEqual(["verifier"]);
  });

  test.each([
    ["nodenext", { module: "nodenext", lib: ["ES2023"] }],
    ["bundler", { module: "ESNext", moduleResolution: "bundler", lib: ["ES2023", "DOM"] }],
  ])("has types for moduleResolution %s", async (_name, compilerOptions) => {
    expect(await compileConsumer(consumer, { ...compilerOptions, noEmit: true })).toBe("");
  });

  it("checks tokens where nothing else of Latchkey is", async () => {
    expect(await compileConsumer(consumer, { module: "nodenext", lib: ["ES2023"] })).toBe("");
    expect(await runConsumer(consumer)).toEqual(EXPECTED);
  });
});

const importsOf = (path: string): string[] =>
  [...readFileSync(path, "utf8").matchAll(/\bfrom "([^"]+)"|\bimport\(?"([^"]+)"/g)].map(
    ([, from, imported]) => from ?? imported ?? "",
  );

test("the size of each entry, and of all", async () => {
  const sizes = await minifiedSizes();
  const names = ["index", "express", "fastify", "request", "dpop", "core", "all"];
  expect(sizes.map(({ name }) => name)).toEqual(names);
  for (const { bytes } of sizes) expect(bytes).toBeGreaterThan(100);
});
