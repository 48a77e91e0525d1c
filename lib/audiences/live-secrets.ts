import type { KnownKey } from "@/lib/keys/keyring";
import { audienceOfUse, secretUse } from "@/lib/keys/signing-key";

/** The secrets of an audience that are not over, the newest first. */
export const secretsOf = (keys: readonly KnownKey[], identifier: string): KnownKey[] =>
  keys.filter(({ use }) => use === secretUse(identifier)).toReversed();

/** The audiences for which a secret has been made that does not sign yet. */
export const audiencesWithWaitingSecret = (keys: readonly KnownKey[]): ReadonlySet<string> =>
  new Set(keys.flatMap(({ use, state }) => (state === "staged" ? (audienceOfUse(use) ?? []) : [])));
