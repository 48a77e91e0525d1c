import type { Algorithm } from "./keys/algorithms";
import type { KeyStanding } from "./keys/custody";
import type { KnownKey } from "./keys/keyring";
import { activeKey, type KeyLine, signingKey, successor } from "./keys/lifecycle";
import type { ListedKey } from "./keys/signing-key";
import type { Services } from "./services";

/** A key as the console and the API show it. */
export type ShownKey = ListedKey & {
  /** What this instance can do with it, and what is wrong with it; null for a key that is over. */
  standing: KeyStanding | null;
  problem: string | null;
};

/** Which key signs here by an algorithm, and which is next. */
interface LineOverview {
  algorithm: Algorithm;
  signsFor: "own_pages" | "audiences" | "both";
  /** Null when none can sign; for our own pages, one of another algorithm that stands in. */
  signingKid: string | null;
  next: NextKey | null;
}

/** The key that signs next, and from when. */
interface NextKey {
  kid: string;
  at: Date;
}

export interface KeyOverview {
  /** Of all states, the newest first. */
  keys: ShownKey[];
  /** The lines of keys: that of our own pages first, then those that only audiences need. */
  lines: LineOverview[];
  /** The key that signs the tokens of our own pages here; null when none can. */
  signingKid: string | null;
  next: NextKey | null;
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
  const lines = keyring.lines.map((line) => describeLine(keyring, line));
  return { keys, lines, signingKid: signingKid(keyring), next: toNext(keyring.nextKey), now: keyring.now };
}

function describeLine(keyring: Services["keyring"], { algorithm, allowsStandIn }: KeyLine): LineOverview {
  const { keys } = keyring;
  const isOwn = algorithm === keyring.algorithm;
  const signsFor = !isOwn ? "audiences" : allowsStandIn ? "own_pages" : "both";
  const signs = isOwn ? signingKid(keyring) : (activeKey(keys, { algorithm })?.kid ?? null);
  return { algorithm, signsFor, signingKid: signs, next: toNext(successor(keys, { algorithm })) };
}

/** The key that signs the tokens of our own pages, as far as this process knows; null when none can. */
export const signingKid = ({ keys, algorithm }: Services["keyring"]): string | null =>
  signingKey(keys, algorithm)?.kid ?? null;

const toNext = (key: KnownKey | null): NextKey | null =>
  key === null ? null : { kid: key.kid, at: key.activatesAt ?? key.createdAt };
