import { z } from "zod";
import { readSettings, type Settings } from "../../lib/config/settings";
import { secondsBetween } from "../../lib/crypto/clock";
import { ensureAppSecret } from "../app-secret";
import { copyDatabase, type ReportProgress } from "../copy-database";
import { type Command, table, UsageError } from "./command";
import { clearProgress, showProgress } from "./progress";

const targetSchema = z.url({ protocol: /^postgres(ql)?$/ });

export const databaseCopy: Command = {
  parameters: "--to URL",
  summary: "copies everything into an empty Postgres, and says what its instances need",
  positionals: 0,
  options: { to: { type: "string" } },
  needsStoppedServer: true,
  run: async ({ settings, clock }, { options }) => {
    const target = targetSchema.safeParse(options.to);
    if (!target.success) throw new UsageError("Give --to postgresql://USER@HOST/DATABASE.");
    const startedAt = clock.now();
    const report: ReportProgress = (name, copiedRows, allRows) =>
      showProgress(`${name}: ${copiedRows} of ${allRows} rows`);
    const tables = await copyDatabase(String(settings.databaseUrl), target.data, report).finally(
      clearProgress,
    );
    const seconds = secondsBetween(startedAt, clock.now());
    const rows = tables.map((copied) => [copied.table, copied.rows.toLocaleString("en"), copied.checksum]);
    const lines = [
      ...table([["TABLE", "ROWS", "CHECKSUM"], ...rows]),
      `Copied in ${seconds.toFixed(1)} s, and compared.`,
      "",
      ...nextSteps(readSettings(), startedAt),
    ];
    return { data: { startedAt, seconds, tables }, lines };
  },
};

/** `given` is what the operator has set, before anything is decided for them. */
function nextSteps({ databaseUrl, secrets, dataDir, origin }: Settings, startedAt: Date): string[] {
  const secret =
    secrets.length > 0
      ? ["APP_SECRET", "the one that is set here, or APP_SECRET_FILE likewise"]
      : ["APP_SECRET_FILE", `a copy of ${ensureAppSecret(dataDir)}, which keys and sessions depend on`];
  const needed = [
    ["DATABASE_URL", "what --to was"],
    secret,
    ["APP_ORIGIN", `${origin}; under another one everybody signs in again`],
    ["TRUSTED_PROXIES", "the addresses that your proxy connects from"],
    ["REDIS_URL", "if you run Redis, with maxmemory-policy noeviction"],
  ];
  const left =
    databaseUrl === null
      ? `Do not start Latchkey on ${dataDir} again: it would be a second one with the same people.`
      : `Whether an instance still runs on the source cannot be seen from here: what it wrote after ${startedAt.toISOString()} was not copied.`;
  return ["Each instance needs:", ...table(needed).map((line) => `  ${line}`), left, "See docs/growing.md."];
}
