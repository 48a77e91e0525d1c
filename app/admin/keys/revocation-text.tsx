import { JWKS_MAX_AGE_SECONDS } from "@/lib/config/durations";
import { isAccepted, type KeyState } from "@/lib/keys/signing-key";

type LiveState = Exclude<KeyState, "retired" | "revoked">;

export const isLive = (state: KeyState): state is LiveState => isAccepted({ state });

const OF_A_KEY: Record<LiveState, string> = {
  staged: "It is refused everywhere within a second and will never sign. Another one is staged in its place.",
  active:
    "It is refused everywhere within a second. The staged key signs instead, and nobody is signed out. If the staged one may have been copied too, revoke that one first.",
  retiring: "It is refused everywhere within a second, with the last tokens it signed. Nobody is signed out.",
};

/** What comes of revoking a key that signs for everybody. */
export function RevocationOfKey({ state }: { state: LiveState }) {
  return (
    <>
      <p>For a key that may have been copied. {OF_A_KEY[state]}</p>
      <p className="mt-2">
        Services that keep the JWKS may accept it until they ask again: at most {JWKS_MAX_AGE_SECONDS / 60}{" "}
        minutes.
      </p>
    </>
  );
}

const OF_A_SECRET: Record<LiveState, string> = {
  staged: "It will never sign.",
  active:
    "It signs no more. The secret that waits signs instead; where none waits, the service gets no tokens until you make one.",
  retiring: "The last tokens that it signed are revoked with it.",
};

/** The same for the secret of an audience. */
export function RevocationOfSecret({ state }: { state: LiveState }) {
  return (
    <>
      <p>For a secret that may have been copied. {OF_A_SECRET[state]}</p>
      <p className="mt-2">
        The secret has to be taken out of the service as well: tell its owner. Until then a service that reads
        the revocation feed refuses it, within seconds; any other accepts it.
      </p>
    </>
  );
}
