import { join } from "node:path";
import { buildVerifierPackage, minifiedSizes } from "./verifier-package";

/** `npm run build:verifier`: makes dist/verifier, and exits 1 when its core has become too large. */
const MAX_BYTES = 15 * 1024;

const folder = join(import.meta.dirname, "../dist/verifier");
await buildVerifierPackage(folder);
const sizes = await minifiedSizes();
for (const { name, bytes, compressedBytes } of sizes) {
  process.stdout.write(`${name.padEnd(8)} ${bytes} bytes minified, ${compressedBytes} compressed\n`);
}
process.stdout.write(`@latchkey/verifier is in ${folder}\n`);
const core = sizes.find(({ name }) => name === "core");
if (core === undefined || core.bytes > MAX_BYTES) {
  process.stderr.write(`The core is ${core?.bytes} bytes minified; it may be ${MAX_BYTES}.\n`);
  process.exitCode = 1;
}
