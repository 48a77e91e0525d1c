import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startNode } from "../../e2e/support/running-process";
import { createSealedBox } from "../../lib/crypto/sealed-box";
import type { KeyCustody } from "../../lib/keys/custody";
import { OutsideCustody } from "../../lib/keys/outside-custody";
import { SealedCustody } from "../../lib/keys/sealed-custody";
import { openSignerSocket } from "../../lib/keys/signer-socket";
import { createRecord } from "../../lib/keys/testing/key-records";
import { ratePerSecond, timeEach } from "../scale/measure";

/** What a signature takes: with a key that is sealed in the database, and with one in a signing process. */

const ALGORITHMS = ["ES256", "RS256", "EdDSA"] as const;
const SIGNATURES = 2_000;
const AT_ONCE = 16;
const SECONDS = 3;
/** About as long as the signing input of an access token. */
const DATA = Buffer.alloc(560, "x");

const folder = mkdtempSync(join(tmpdir(), "latchkey-bench-"));
const socket = join(folder, "signer.sock");
const keys = join(folder, "keys");
const signer = startNode(["--import", "tsx", "scripts/signer/main.ts", "--socket", socket, "--keys", keys]);
try {
  await signer.untilOutput(/the signer is ready/);
  const custodies: Record<string, KeyCustody> = {
    "in this process": new SealedCustody(createSealedBox(["of no consequence, thirty-two bytes"])),
    "signing process": new OutsideCustody(openSignerSocket(socket, "bench")),
  };
  for (const algorithm of ALGORITHMS) {
    for (const [name, custody] of Object.entries(custodies)) {
      const { sign } = await custody.open(await createRecord(custody, algorithm));
      // First, so that both sides are warm for the other.
      const rate = await ratePerSecond(AT_ONCE, SECONDS, () => sign(DATA));
      const { p50, p99 } = await timeEach(SIGNATURES, () => sign(DATA));
      const figures = `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms; ${AT_ONCE} at once ${rate.toFixed(0)}/s`;
      process.stdout.write(`${algorithm}  ${name}  ${figures}\n`);
    }
  }
} finally {
  signer.signal("SIGTERM");
  await signer.ended;
  rmSync(folder, { recursive: true });
}
