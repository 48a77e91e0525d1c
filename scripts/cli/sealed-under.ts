import type { KnownKey } from "../../lib/keys/keyring";
import type { SealedCustody } from "../../lib/keys/sealed-custody";

/** Whether the private key can be opened, and would be sealed under another secret if it were sealed now. */
export const isUnderEarlierSecret = (sealed: SealedCustody, key: KnownKey): boolean =>
  key.problem === null && sealed.reseal(key) !== null;
