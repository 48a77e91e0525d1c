import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT } from "../setup.mjs";

/**
 * A data folder with an empty database that has migrated, as the first start leaves it. That takes seconds, and copying it a
 * fraction of one: the launcher's own tests begin with nothing, all others with a copy.
 * @returns {Promise<import("./services.mjs").Service>}
 */
export async function makeDataFolder() {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-data-"));
  execFileSync(process.execPath, ["--import", "tsx", "scripts/migrate.ts", "apply"], {
    cwd: PROJECT,
    env: { ...process.env, DATA_DIR: folder, DATABASE_URL: "" },
    stdio: ["ignore", "ignore", "inherit"],
  });
  return {
    environment: { TEST_DATA_FOLDER: folder },
    stop: async () => rmSync(folder, { recursive: true }),
  };
}
