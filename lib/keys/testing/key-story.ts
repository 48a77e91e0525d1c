import type { MemorySigningKeyStore } from "./memory-signing-key-store";
import type { TestKeys } from "./test-keys";

export const DAY_SECONDS = 86_400;

/** The keys of a store by short names: k1 is the first that was ever made. */
export const nameOf = ({ rows }: MemorySigningKeyStore, kid: string): string =>
  `k${rows.findIndex((row) => row.kid === kid) + 1}`;

export function kidOf({ rows }: MemorySigningKeyStore, name: string): string {
  const row = rows[Number(name.slice(1)) - 1];
  if (row === undefined) throw new Error(`There is no ${name} yet.`);
  return row.kid;
}

/** The states of all keys ever made, the first first. */
export const statesOf = ({ rows }: MemorySigningKeyStore): string => rows.map(({ state }) => state).join(" ");

/** The keys whose private part is still there. */
export const sealedIn = (store: MemorySigningKeyStore): string =>
  store.rows
    .filter(({ sealedPrivateKey }) => sealedPrivateKey !== null)
    .map(({ kid }) => nameOf(store, kid))
    .join(" ");

export const signerOf = ({ store, keyring }: TestKeys): string => nameOf(store, keyring.signer.kid);

/** The keys that the JWKS of this process publishes. */
export const publishedBy = ({ store, keyring }: TestKeys): string =>
  (JSON.parse(keyring.jwks.body) as { keys: { kid: string }[] }).keys
    .map(({ kid }) => nameOf(store, kid))
    .join(" ");
