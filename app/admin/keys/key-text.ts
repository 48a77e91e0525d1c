import { isSymmetric } from "@/lib/keys/algorithms";
import { isOutside } from "@/lib/keys/outside-custody";
import type { ListedKey } from "@/lib/keys/signing-key";

const SHORT_KID_CHARACTERS = 8;

/** Enough of a kid to tell the keys of one installation apart. */
export const shortKid = (kid: string): string => `${kid.slice(0, SHORT_KID_CHARACTERS)}…`;

type HeldKey = Pick<ListedKey, "state" | "algorithm" | "custody">;

/** Where the private part of a key is, in plain words. */
export function custodyText(key: HeldKey): string {
  if (!isHeld(key)) return "private part erased";
  return isOutside(key) ? "held by the signer outside" : "sealed in the database";
}

/** A secret verifies too: it is held for longer. */
const isHeld = ({ state, algorithm }: HeldKey): boolean =>
  state === "staged" || state === "active" || (state === "retiring" && isSymmetric(algorithm));
