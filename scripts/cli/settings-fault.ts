import type { Keyring } from "../../lib/keys/keyring";
import { isOfLine } from "../../lib/keys/lifecycle";
import type { Services } from "../../lib/services";
import { PlainError } from "../plain-error";

/**
 * Why this process cannot act for those who serve: it has another secret, signer or algorithm than they have, and would
 * make keys of its own beside theirs. Null where nothing shows that.
 */
export function settingsFault(keyring: Pick<Keyring, "keys" | "algorithm">): string | null {
  const { algorithm } = keyring;
  const keys = keyring.keys.filter(isOfLine);
  const active = keys.filter(({ state }) => state === "active");
  const [first] = active;
  if (first === undefined) return null;
  if (active.every(({ standing }) => standing === "foreign")) return first.problem;
  if (keys.some((key) => key.algorithm === algorithm)) return null;
  return `SESSION_ALGORITHM is ${algorithm} here, and every key is for ${first.algorithm}: set it here as for the instances.`;
}

/** Reads the keyring. Throws `PlainError` where there is such a fault. */
export async function requireSameSettings({ keyring }: Pick<Services, "keyring">): Promise<void> {
  await keyring.load();
  const fault = settingsFault(keyring);
  if (fault !== null) throw new PlainError(fault);
}
