import { readSettings } from "../../lib/config/settings";
import { addSeconds, secondsBetween } from "../../lib/crypto/clock";
import type { KeyCustody } from "../../lib/keys/custody";
import type { Keyring, KnownKey } from "../../lib/keys/keyring";
import { signingKey } from "../../lib/keys/lifecycle";
import { openSignerSocket } from "../../lib/keys/signer-socket";
import type { Services } from "../../lib/services";
import { durationWords } from "./duration-words";
import { type Answer, unwell, well } from "./finding";
import { isUnderEarlierSecret } from "./sealed-under";
import { settingsFault } from "./settings-fault";

/** Instances take a step that is due within a second; after this long none of them will. */
const OVERDUE_SECONDS = 60;

export async function checkSecrets({ settings, keyring, keys: { sealed } }: Services): Promise<Answer> {
  await keyring.load();
  const count = settings.secrets.length;
  const says = `${count} ${count === 1 ? "secret" : "secrets"}, ${secretsFrom(settings.dataDir)}`;
  const earlier = keyring.keys.filter((key) => isUnderEarlierSecret(sealed, key));
  if (earlier.length > 0) {
    return unwell(`${says}; keys still sealed under an earlier one: ${earlier.length}. Run \`keys rewrap\``);
  }
  return well(count === 1 ? says : `${says}; no key is sealed under an earlier one`);
}

/** Where the secrets come from, as the operator has set it, before anything is decided for them. */
function secretsFrom(dataDir: string): string {
  if (readSettings().secrets.length === 0) return `generated into ${dataDir}/app-secret`;
  return process.env.APP_SECRET ? "given in APP_SECRET" : `read from ${process.env.APP_SECRET_FILE}`;
}

export async function checkKeys({ keyring, keys: { custody, schedule } }: Services): Promise<Answer[]> {
  await keyring.load();
  if (keyring.keys.length === 0) return [unwell("there is none yet: start Latchkey, which makes them")];
  const each = keyring.keys.map((key) => checkKey(key, custody, schedule.retiringSeconds));
  return [...(await Promise.all(each)), ...checkSigning(keyring), checkNext(keyring)];
}

async function checkKey(key: KnownKey, custody: KeyCustody, retiringSeconds: number): Promise<Answer> {
  if (key.problem !== null) return unwell(key.problem);
  const name = `${key.algorithm} ${key.kid}`;
  if (key.state === "retiring") {
    const until = addSeconds(key.retiringAt ?? key.createdAt, retiringSeconds).toISOString();
    return well(`${name} is retiring: it verifies until ${until}`);
  }
  try {
    await trySigning(key, custody);
  } catch (error) {
    return unwell(
      `${name} is ${key.state} and does not sign: ${error instanceof Error ? error.message : error}`,
    );
  }
  return well(`${name} is ${key.state}: it opens and signs`);
}

/** Past the keyring, which would count it among the tokens that the key has signed. */
async function trySigning(key: KnownKey, custody: KeyCustody): Promise<void> {
  const { sign } = await custody.open(key);
  await sign(Buffer.from("doctor"));
}

function checkSigning(keyring: Keyring): Answer[] {
  const fault = settingsFault(keyring);
  const isSaid = keyring.keys.some(({ problem }) => problem === fault);
  const faults = fault === null || isSaid ? [] : [unwell(fault)];
  if (signingKey(keyring.keys, keyring.algorithm) !== null) return faults;
  return [...faults, unwell("none of them can sign here")];
}

/** Beside the key that signs there is always one that is staged. */
function checkNext({ nextKey: next, algorithm, now }: Keyring): Answer {
  if (next === null) return unwell(`no ${algorithm} key is staged to be the next: ${NOBODY_ROTATES}`);
  const from = next.activatesAt ?? next.createdAt;
  const left = secondsBetween(now, from);
  if (left < -OVERDUE_SECONDS) {
    return unwell(`the rotation to ${next.kid} is overdue by ${durationWords(-left)}: ${NOBODY_ROTATES}`);
  }
  return well(`the next rotation is in ${durationWords(left)}, to ${next.kid}`);
}

const NOBODY_ROTATES =
  "an instance sees to that within a second. Start one, or read the log of those that run";

export async function checkSigner({ settings: { signerSocket, origin } }: Services): Promise<Answer> {
  if (signerSocket === null) return well("none outside: private keys are sealed in the database");
  const startedAt = performance.now();
  try {
    const { id } = await openSignerSocket(signerSocket, origin).list();
    return well(`${id} answers at ${signerSocket} in ${(performance.now() - startedAt).toFixed(1)} ms`);
  } catch {
    return unwell(`the signer at ${signerSocket} does not answer: start it, or correct SIGNER_SOCKET`);
  }
}
