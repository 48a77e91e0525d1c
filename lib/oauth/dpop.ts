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
export const newDpopNonce = ({ marks, clock }: Pick<DpopDependencies, "marks" | "clock">): string =>
  marks.mark("dpop-nonce", "", clock.now());

/**
 * The thumbprint of the key that a request to the token endpoint proves to have, or null where it brings no proof. The
 * proof has to hold a nonce of ours. Throws `use_dpop_nonce` with one, and `invalid_dpop_proof`.
 */
export async function findProvenKey(
  deps: DpopDependencies,
  headers: Headers,
  request: ProvenRequest,
): Promise<string | null> {
  const proof = headers.get("dpop");
  if (proof === null) return null;
  const { jkt, jti, iat, nonce } = await verify(deps, proof, request);
  if (!isFresh(deps, nonce)) {
    throw new OAuthError("use_dpop_nonce", "The DPoP proof needs the nonce of the header DPoP-Nonce.", {
      headers: { "DPoP-Nonce": newDpopNonce(deps) },
    });
  }
  await requireFirstUse(deps, jkt, jti, iat);
  return jkt;
}

/** As `findProvenKey` for whoever shows a token: without a nonce, and never without a proof. Throws `invalid_dpop_proof`. */
export async function requireProvenKey(
  deps: DpopDependencies,
  headers: Headers,
  request: ProvenRequest,
): Promise<string> {
  const proof = headers.get("dpop");
  if (proof === null) throw refused("no proof");
  const { jkt, jti, iat } = await verify(deps, proof, request);
  await requireFirstUse(deps, jkt, jti, iat);
  return jkt;
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

/** Remembered for as long as it would be accepted again (RFC 9449 section 11.1). */
async function requireFirstUse(deps: DpopDependencies, jkt: string, jti: string, iat: number): Promise<void> {
  const expiresAt = addSeconds(new Date(iat * 1000), DPOP_PROOF_SECONDS + 2 * deps.clockToleranceSeconds + 1);
  const isFirst = await deps.stores.usedProofs.use(sha256(JSON.stringify(["dpop", jkt, jti])), expiresAt);
  if (!isFirst) throw refused("used before");
}

const refused = (reason: string): OAuthError =>
  new OAuthError("invalid_dpop_proof", "The DPoP proof is not valid for this request.", { reason });
