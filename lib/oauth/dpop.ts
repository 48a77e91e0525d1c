import { DPOP_NONCE_SECONDS, DPOP_PROOF_SECONDS } from "@/lib/config/durations";
import { addSeconds, secondsBetween } from "@/lib/crypto/clock";
import { sha256 } from "@/lib/crypto/derive-key";
import { verifyDpopProof } from "@/lib/tokens/dpop-proof";
import type { OAuthDependencies } from "./dependencies";
import { OAuthError } from "./oauth-error";

type DpopDependencies = Pick<OAuthDependencies, "stores" | "marks" | "clock" | "clockToleranceSeconds">;

/** What a proof is to be for (RFC 9449 section 4.2). */
interface ProvenRequest {
  method: string;
  url: string;
  /** The token that comes with it. */
  accessToken?: string;
}

/** A nonce (RFC 9449 section 8): it says when it was made, and nothing of it is kept. */
const newDpopNonce = ({ marks, clock }: Pick<DpopDependencies, "marks" | "clock">): string =>
  marks.mark("dpop-nonce", "", clock.now());

/** A proof that was good for its request, and has not been used up yet. */
export interface DpopProof {
  jkt: string;
  jti: string;
  iat: number;
}

/**
 * The proof that comes with a request to the token endpoint, or null where there is none. It has to hold a nonce of ours.
 * Throws `use_dpop_nonce` with one, and `invalid_dpop_proof`.
 */
export async function findProof(
  deps: DpopDependencies,
  headers: Headers,
  request: ProvenRequest,
): Promise<DpopProof | null> {
  const text = headers.get("dpop");
  if (text === null) return null;
  const { nonce, ...proof } = await verify(deps, text, request);
  if (isFresh(deps, nonce)) return proof;
  throw new OAuthError("use_dpop_nonce", "The DPoP proof needs the nonce of the header DPoP-Nonce.", {
    headers: { "DPoP-Nonce": newDpopNonce(deps) },
  });
}

/** The same for whoever shows a token: without a nonce, and never without a proof. Throws `invalid_dpop_proof`. */
export async function requireProof(
  deps: DpopDependencies,
  headers: Headers,
  request: ProvenRequest,
): Promise<DpopProof> {
  const text = headers.get("dpop");
  if (text === null) throw refused("no proof");
  return verify(deps, text, request);
}

/**
 * A proof is for one use, and remembered for as long as it would be accepted again (RFC 9449 section 11.1). To be used up
 * once it is known that it serves somebody: what a stranger sends is not worth remembering. Throws `invalid_dpop_proof`.
 */
export async function spendProof(deps: DpopDependencies, proof: DpopProof | null): Promise<void> {
  if (proof === null) return;
  const { jkt, jti, iat } = proof;
  const expiresAt = addSeconds(new Date(iat * 1000), DPOP_PROOF_SECONDS + 2 * deps.clockToleranceSeconds + 1);
  const isFirst = await deps.stores.usedProofs.use(sha256(JSON.stringify(["dpop", jkt, jti])), expiresAt);
  if (!isFirst) throw refused("used before");
}

async function verify(deps: DpopDependencies, proof: string, request: ProvenRequest) {
  const verification = await verifyDpopProof(proof, request, {
    now: deps.clock.now(),
    clockToleranceSeconds: deps.clockToleranceSeconds,
    maxAgeSeconds: DPOP_PROOF_SECONDS,
  });
  if (!verification.ok) throw refused(verification.reason);
  return verification;
}

function isFresh({ marks, clock }: DpopDependencies, nonce: string | null): boolean {
  const madeAt = nonce === null ? null : marks.readMark("dpop-nonce", "", nonce);
  return madeAt !== null && secondsBetween(madeAt, clock.now()) < DPOP_NONCE_SECONDS;
}

const refused = (reason: string): OAuthError =>
  new OAuthError("invalid_dpop_proof", "The DPoP proof is not valid for this request.", { reason });
