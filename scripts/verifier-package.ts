import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const PROJECT = join(import.meta.dirname, "..");
const SOURCES = join(PROJECT, "lib/verifier");

/** What may be imported of the package, and the file of lib/verifier that it is. */
const CORE = { ".": "index", "./express": "express", "./fastify": "fastify", "./request": "request" };
/** With what is for those alone who have a use for it. */
const ENTRIES = { ...CORE, "./dpop": "dpop" };
const FILES = Object.values(ENTRIES);

const TYPES = "types";
const TYPES_OF_ENTRIES = `${TYPES}/lib/verifier`;

/** Of one entry, or of several: without jose. */
export interface MinifiedSize {
  name: string;
  bytes: number;
  /** By gzip. */
  compressedBytes: number;
}

/** Makes the installable package @latchkey/verifier in a folder that this owns. */
export async function buildVerifierPackage(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await bundle(FILES, { outdir: folder, minify: false });
  writeTypes(folder);
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest(), null, 2)}\n`);
  copyFileSync(join(SOURCES, "README.md"), join(folder, "README.md"));
  copyFileSync(join(PROJECT, "LICENSE"), join(folder, "LICENSE"));
}

/** Each entry by itself, the core, and all of them; what several share is counted once. */
export async function minifiedSizes(): Promise<MinifiedSize[]> {
  const groups = {
    ...Object.fromEntries(FILES.map((file) => [file, [file]])),
    core: Object.values(CORE),
    all: FILES,
  };
  return Promise.all(Object.entries(groups).map(([name, files]) => minifiedSize(name, files)));
}

async function minifiedSize(name: string, files: readonly string[]): Promise<MinifiedSize> {
  const { outputFiles } = await bundle(files, { outdir: PROJECT, minify: true, write: false });
  const contents = Buffer.concat(outputFiles.map((file) => file.contents));
  return { name, bytes: contents.byteLength, compressedBytes: gzipSync(contents).byteLength };
}

/** The package is not minified: whoever trusts it with their tokens can read it. */
async function bundle(
  files: readonly string[],
  options: { outdir: string; minify: boolean; write?: boolean },
): Promise<{ outputFiles: { contents: Uint8Array }[] }> {
  const { outputFiles = [] } = await build({
    entryPoints: files.map((file) => join(SOURCES, `${file}.ts`)),
    bundle: true,
    splitting: true,
    chunkNames: "shared-[hash]",
    format: "esm",
    platform: "node",
    target: "node20.19",
    external: ["jose"],
    absWorkingDir: PROJECT,
    logLevel: "warning",
    ...options,
  });
  return { outputFiles };
}

/** Declarations of the entries and of what they name, with imports that resolve everywhere. */
function writeTypes(folder: string): void {
  const typesFolder = join(folder, TYPES);
  const config = join(folder, "tsconfig.json");
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    incremental: false,
    rootDir: PROJECT,
    outDir: typesFolder,
    paths: { "@/*": [`${PROJECT}/*`] },
    typeRoots: [join(PROJECT, "node_modules/@types")],
  };
  const files = FILES.map((file) => join(SOURCES, `${file}.ts`));
  writeFileSync(
    config,
    JSON.stringify({ extends: join(PROJECT, "tsconfig.json"), compilerOptions, files, include: [] }),
  );
  execFileSync(process.execPath, [join(PROJECT, "node_modules/typescript/bin/tsc"), "-p", config], {
    stdio: ["ignore", 2, 2],
  });
  rmSync(config);
  keepReachable(
    typesFolder,
    FILES.map((file) => join(folder, TYPES_OF_ENTRIES, `${file}.d.ts`)),
  );
}

const IMPORT = /(\bfrom |\bimport\()"((?:@\/|\.)[^"]*)"/g;

/** Names each imported file from the file that imports it, and removes what no entry leads to. */
function keepReachable(typesFolder: string, entries: readonly string[]): void {
  const reached = new Set(entries);
  for (const file of reached) {
    const text = readFileSync(file, "utf8").replace(IMPORT, (_all, before, specifier: string) => {
      const target = specifier.startsWith("@/")
        ? join(typesFolder, specifier.slice(2))
        : resolve(dirname(file), specifier);
      reached.add(`${target}.d.ts`);
      const path = relative(dirname(file), target);
      return `${before}"${path.startsWith(".") ? path : `./${path}`}.js"`;
    });
    writeFileSync(file, text);
  }
  for (const name of readdirSync(typesFolder, { recursive: true, encoding: "utf8" })) {
    const path = join(typesFolder, name);
    if (name.endsWith(".d.ts") && !reached.has(path)) rmSync(path);
  }
}

function manifest() {
  const { version, license, engines, dependencies } = JSON.parse(
    readFileSync(join(PROJECT, "package.json"), "utf8"),
  );
  return {
    name: "@latchkey/verifier",
    version,
    description: "Checks the access tokens of Latchkey: signature, audience, lifetime, revocation.",
    license,
    type: "module",
    sideEffects: false,
    engines,
    exports: Object.fromEntries(
      Object.entries(ENTRIES).map(([path, file]) => [
        path,
        { types: `./${TYPES_OF_ENTRIES}/${file}.d.ts`, default: `./${file}.js` },
      ]),
    ),
    dependencies: { jose: dependencies.jose },
  };
}
