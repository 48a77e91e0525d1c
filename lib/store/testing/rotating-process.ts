import { setImmediate as turn } from "node:timers/promises";
import { readSettings } from "../../config/settings";
import { createServices } from "../../services";

/** A process that looks after the keys of its database without a pause, and says each time that another one signs. */
const latchkey = createServices(readSettings());

let signing: string | null = null;
for (;;) {
  await latchkey.openKeys();
  const { kid } = latchkey.keyring.signer;
  if (kid !== signing) process.stdout.write(`signs ${kid}\n`);
  signing = kid;
  await turn();
}
