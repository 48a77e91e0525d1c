import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { bindMigrationAwareSqlAdapterFactory } from "@prisma/driver-adapter-utils";
import type { SchemaEngine } from "@prisma/schema-engine-wasm";
import { Pool } from "pg";
import { catalogueAdapter } from "./catalogue-adapter";

/** Prisma's schema engine as WebAssembly: the native one is a download that some machines cannot make. */
type EngineModule = typeof import("@prisma/schema-engine-wasm");

const SCHEMA_PATH = join(import.meta.dirname, "../prisma/schema.prisma");
const NO_FILTER = { externalTables: [], externalEnums: [] };

interface SchemaFile {
  path: string;
  content: string;
}

/**
 * The SQL that turns the database at `databaseUrl` into what prisma/schema.prisma describes; null when it is that.
 * Check constraints and triggers are beyond Prisma's schema and never part of the difference.
 */
export async function diffToSchema(databaseUrl: string, schemaPath = SCHEMA_PATH): Promise<string | null> {
  const schema = { path: schemaPath, content: await readFile(schemaPath, "utf8") };
  const { exitCode, stdout } = await withEngine(databaseUrl, schema, (engine) =>
    engine.diff({
      from: { tag: "schemaDatasource", files: [schema], configDir: dirname(schemaPath) },
      to: { tag: "schemaDatamodel", files: [schema] },
      script: true,
      exitCode: true,
      filters: NO_FILTER,
    }),
  );
  return exitCode === 0 ? null : stdout;
}

async function withEngine<T>(
  databaseUrl: string,
  schema: SchemaFile,
  use: (engine: SchemaEngine) => Promise<T>,
): Promise<T> {
  const { SchemaEngine } = await loadEngine();
  const pool = new Pool({ connectionString: databaseUrl });
  const adapter = bindMigrationAwareSqlAdapterFactory(catalogueAdapter(pool));
  const engine = await SchemaEngine.new({ datamodels: [[schema.path, schema.content]] }, () => {}, adapter);
  try {
    return await use(engine);
  } finally {
    engine.free();
    await pool.end();
  }
}

let loaded: Promise<EngineModule> | undefined;

/** Once per process: the engine's JavaScript half keeps views of one instance's memory. */
function loadEngine(): Promise<EngineModule> {
  loaded ??= instantiateEngine();
  return loaded;
}

/** The package's own entry imports a .wasm file as a module, which Node 20 does not do; this is what it would do. */
async function instantiateEngine(): Promise<EngineModule> {
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: { set_message: reportPanic } });
  const background = "@prisma/schema-engine-wasm/schema_engine_bg";
  const glue = await import("@prisma/schema-engine-wasm/schema_engine_bg");
  const path = createRequire(import.meta.url)
    .resolve(background)
    .replace(/\.js$/, ".wasm");
  const { instance } = await WebAssembly.instantiate(await readFile(path), {
    "./schema_engine_bg.js": { ...glue },
  });
  glue.__wbg_set_wasm(instance.exports);
  (instance.exports.__wbindgen_start as () => void)();
  return glue;
}

/** The engine calls this by a global name when it meets what it never expected; the trap that follows says nothing. */
function reportPanic(message: string): void {
  process.stderr.write(`Prisma's schema engine: ${message}\n`);
}
