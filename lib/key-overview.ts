import type { KeyStanding } from "./keys/custody";
import { signingKey } from "./keys/lifecycle";
import type { ListedKey } from "./keys/signing-key";
import type { Services } from "./services";

/** A key as the console and the API show it. */
export type ShownKey = ListedKey & {
  /** What this instance can do with it, and what is wrong with it; null for a key that is over. */
  standing: KeyStanding | null;
  problem: string | null;
};

export interface KeyOverview {
  /** Of all states, the newest first. */
  keys: ShownKey[];
  /** The key that signs here; null when none can. */
  signingKid: string | null;
  /** The key that signs next, and from when. */
  next: { kid: string; at: Date } | null;
  /** The database's clock, which the life of keys goes by. */
  now: Date;
}

/** What there is to know of the newest keys; nothing of it is secret. Reads the keyring, so that both say the same. */
export async function readKeyOverview(
  { keyring, stores }: Pick<Services, "keyring" | "stores">,
  limit: number,
): Promise<KeyOverview> {
  await keyring.load();
  const listed = await stores.signingKeys.list(limit);
  const known = new Map(keyring.keys.map((key) => [key.kid, key]));
  const keys = listed.map((key) => {
    const { standing = null, problem = null } = known.get(key.kid) ?? {};
    return { ...key, standing, problem };
  });
  return { keys, signingKid: signingKid(keyring), next: nextRotation(keyring), now: keyring.now };
}

/** The key that signs here as far as this process knows; null when none can. */
export const signingKid = ({ keys, algorithm }: Services["keyring"]): string | null =>
  signingKey(keys, algorithm)?.kid ?? null;

function nextRotation({ nextKey }: Services["keyring"]): KeyOverview["next"] {
  return nextKey === null ? null : { kid: nextKey.kid, at: nextKey.activatesAt ?? nextKey.createdAt };
}
