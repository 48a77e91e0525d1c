import { toNumericDate } from "@/lib/crypto/clock";
import { mayContinue, type SessionWithUser } from "@/lib/sessions/session";
import type { ServiceClaims } from "@/lib/tokens/claims";
import { DPOP_ALGORITHMS } from "@/lib/tokens/dpop-key";
import { EMAIL, OPENID } from "./client";
import type { OAuthDependencies } from "./dependencies";
import { requireProof, spendProof } from "./dpop";
import { isOAuthError, OAuthError, type OAuthErrorCode } from "./oauth-error";
import { userinfoAudience } from "./userinfo-audience";
import { findUserinfoClaims } from "./verify-client-token";

/** OpenID Connect Core section 5.3.2. */
export interface Userinfo {
  sub: string;
  email?: string;
  /** Always false: Latchkey sends no mail. Nobody is known by an address (ASVS 10.3.3). */
  email_verified?: false;
}

const CREDENTIALS = /^(Bearer|DPoP) +([A-Za-z0-9._~+/-]+=*)$/i;

/** The userinfo endpoint (OpenID Connect Core section 5.3): what the scope lets the client know. Throws `OAuthError`. */
export async function answerUserinfo(
  deps: OAuthDependencies,
  { headers, method }: { headers: Headers; method: string },
): Promise<Userinfo> {
  const { isDpop, token } = requireToken(headers);
  const claims = await findUserinfoClaims(deps, token);
  if (claims === null) throw refused("invalid_token", "The access token is not valid.", isDpop);
  await requireBinding(deps, { headers, method }, { isDpop, token, claims });
  const words = claims.scope?.split(" ") ?? [];
  if (!words.includes(OPENID)) throw refused("insufficient_scope", "The scope openid is needed.", isDpop);
  const session = await deps.stores.sessions.find(claims.sid);
  const isLive = session !== null && session.grant !== null && mayContinue(session, deps.clock.now());
  if (!isLive) throw refused("invalid_token", "The access token is not valid.", isDpop);
  await acknowledge(deps, session, claims);
  const { id: sub, email } = session.user;
  return { sub, ...(words.includes(EMAIL) ? { email, email_verified: false } : {}) };
}

function requireToken(headers: Headers): { isDpop: boolean; token: string } {
  const header = headers.get("authorization");
  if (header === null) {
    throw new OAuthError("invalid_token", "Show an access token.", {
      headers: { "WWW-Authenticate": `Bearer, ${DPOP_CHALLENGE}` },
    });
  }
  const [, scheme = "", token] = CREDENTIALS.exec(header) ?? [];
  if (token === undefined) throw refused("invalid_token", "The access token is not valid.", false);
  return { isDpop: scheme.toLowerCase() === "dpop", token };
}

/** A token that is bound to a key is no bearer token, nor the other way round (RFC 9449 section 7). */
async function requireBinding(
  deps: OAuthDependencies,
  { headers, method }: { headers: Headers; method: string },
  { isDpop, token, claims }: { isDpop: boolean; token: string; claims: ServiceClaims },
): Promise<void> {
  const bound = claims.cnf?.jkt ?? null;
  if ((bound !== null) !== isDpop) throw refused("invalid_token", "The access token is not valid.", isDpop);
  if (!isDpop) return;
  const url = userinfoAudience(deps.issuer);
  await inChallenge(async () => {
    const proof = await requireProof(deps, headers, { method, url, accessToken: token });
    if (proof.jkt !== bound) throw new OAuthError("invalid_dpop_proof", "The proof is of another key.");
    await spendProof(deps, proof);
  });
}

/** What is wrong with a proof is a 401 here, and said in the header as in the body (RFC 9449 section 7.1). */
async function inChallenge(prove: () => Promise<void>): Promise<void> {
  try {
    await prove();
  } catch (error) {
    if (!isOAuthError(error)) throw error;
    throw new OAuthError(error.code, error.message, {
      status: 401,
      headers: { "WWW-Authenticate": `${DPOP_CHALLENGE}, error="${error.code}"` },
      ...(error.reason === undefined ? {} : { reason: error.reason }),
    });
  }
}

/** Whoever shows a token that was issued since the last rotation has got that rotation's answer. */
async function acknowledge(
  { stores, clock }: OAuthDependencies,
  { id, generation, acknowledgedGeneration, rotatedAt }: SessionWithUser,
  { iat }: ServiceClaims,
): Promise<void> {
  if (acknowledgedGeneration >= generation || iat < toNumericDate(rotatedAt)) return;
  await stores.sessions.acknowledge(id, generation, clock.now());
}

const DPOP_CHALLENGE = `DPoP algs="${DPOP_ALGORITHMS.join(" ")}"`;

function refused(code: OAuthErrorCode, description: string, isDpop: boolean): OAuthError {
  const scheme = isDpop ? `${DPOP_CHALLENGE},` : "Bearer";
  const scope = code === "insufficient_scope" ? `, scope="${OPENID}"` : "";
  return new OAuthError(code, description, {
    headers: { "WWW-Authenticate": `${scheme} error="${code}"${scope}` },
  });
}
