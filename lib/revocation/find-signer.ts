import type { Signer } from "@/lib/keys/custody";
import type { Keyring } from "@/lib/keys/keyring";
import type { Denylist } from "./denylist";

/** No token's: the key alone is asked about. */
const NO_TOKEN = { jti: "", sid: "" };

/**
 * The key that signs now, of those that `find` finds. The keyring is read only every so often: with a key that was revoked since, this process
 * would sign tokens that everybody refuses, itself among them. So the denylist is asked, and the keys are read again.
 * Rejects when nothing can be signed, and when nobody knows whether the key is revoked.
 */
export async function findSigner(
  keyring: Pick<Keyring, "findSigner" | "load">,
  denylist: Pick<Denylist, "isDenied">,
  find: () => Promise<Signer> = () => keyring.findSigner(),
): Promise<Signer> {
  const signer = await find();
  if (!(await denylist.isDenied({ ...NO_TOKEN, kid: signer.kid }))) return signer;
  await keyring.load();
  return find();
}
