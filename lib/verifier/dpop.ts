import { toNumericDate } from "@/lib/crypto/clock";
import { DPOP_ALGORITHMS } from "@/lib/tokens/dpop-key";
import { verifyDpopProof } from "@/lib/tokens/dpop-proof";
import { BEARER, type Refusal, readToken, refusal } from "./challenge";
import type { Accepted } from "./create-verifier";
import type { Rejection } from "./options";
import { readObject } from "./read-object";
import { isSafeUrl, wholeNumber } from "./read-options";
import { readRequirements } from "./requirements";
import type { PresentedRequest, Scheme, SchemeSettings } from "./scheme";
import { UsedProofs } from "./used-proofs";

/** How tokens that are bound to a key are taken (RFC 9449). */
export interface DpopOptions {
  /**
   * Where clients send the requests of this service: an https origin and, where a proxy takes it off, the path in front.
   * Plain http only on loopback. It is not taken from a request, where anybody can write it.
   */
  publicUrl: string;
  /** How far from now a proof may have been made, either way, beside the tolerance of the clocks: 1 to 300, 60 by default. */
  maxAgeSeconds?: number;
  /**
   * How many used proofs are remembered at most, of one person or client half of them; without room for another, 503. 1,000 to
   * 10,000,000, by default 100,000.
   */
  maxProofs?: number;
}

const ALGORITHMS = `algs="${DPOP_ALGORITHMS.join(" ")}"`;

/** It has no proof. */
const NO_REQUEST: PresentedRequest = { headers: {} };

/** RFC 9449 section 7.1: the scheme in any case, then one token. */
const DPOP = /^DPoP\b(?: +([\w.~+/-]+=*)$)?/i;

/**
 * For `createVerifier`: takes tokens that are bound to a key, with a proof of that key for each request, and others as
 * before. What proofs were used is remembered here, so one for all verifiers of a process. Throws a `TypeError` with one
 * sentence for an option that is wrong.
 */
export function dpop(options: DpopOptions): Scheme {
  const settings = readDpopOptions(options);
  const used = new UsedProofs(settings.maxProofs);
  return (admit, verifierSettings) =>
    async (authorization, request = NO_REQUEST) => {
      const token = readToken(authorization, DPOP);
      if (token === null)
        return withChallenge(await admit(readToken(authorization, BEARER)), `, DPoP ${ALGORITHMS}`);
      const admitted = await admit(token, true);
      const rules = { ...verifierSettings, ...settings };
      const fault = admitted.ok ? await findFault(admitted, String(token), request, rules, used) : null;
      if (fault !== null) verifierSettings.onRejected(fault);
      const answer = fault === null ? admitted : refusal(codeOf(fault), readRequirements());
      return withChallenge(answer, `, ${ALGORITHMS}`, "DPoP");
    };
}

const readDpopOptions = (options: DpopOptions): Required<DpopOptions> =>
  readObject<Required<DpopOptions>>(
    options,
    {
      publicUrl: [isPublicUrl, "an https address without a slash at its end"],
      maxAgeSeconds: wholeNumber(60, 1, 300),
      maxProofs: wholeNumber(100_000, 1_000, 10_000_000),
    },
    "dpop.",
  );

function isPublicUrl(text: string): boolean {
  if (!isSafeUrl(text)) return false;
  const { origin, pathname } = new URL(text);
  return text === origin || (text === origin + pathname && !text.endsWith("/"));
}

/** RFC 9449 section 7.1: an answer says what could be done by a proof. */
function withChallenge(
  answer: Accepted | Refusal,
  algorithms: string,
  scheme = "Bearer",
): Accepted | Refusal {
  const challenge = answer.ok ? undefined : answer.headers["WWW-Authenticate"];
  if (answer.ok || challenge === undefined) return answer;
  const told = challenge.replace("Bearer", scheme) + algorithms;
  return { ...answer, headers: { ...answer.headers, "WWW-Authenticate": told } };
}

/** Its binding is the token's: RFC 9449 section 7.1 has it so. */
function codeOf(fault: Rejection): "invalid_token" | "invalid_dpop_proof" | "unavailable" {
  if (fault === "binding") return "invalid_token";
  return fault === "proofs_unavailable" ? "unavailable" : "invalid_dpop_proof";
}

/** A proof is used up last, so that nobody takes the room of others without a token and its key. */
async function findFault(
  { claims }: Accepted,
  accessToken: string,
  request: PresentedRequest,
  rules: SchemeSettings & Required<DpopOptions>,
  used: UsedProofs,
): Promise<Rejection | null> {
  const now = rules.clock.now();
  const expected = { method: String(request.method), url: addressOf(request, rules.publicUrl), accessToken };
  const verification = await verifyDpopProof(proofOf(request), expected, { ...rules, now });
  if (!verification.ok) return `proof_${verification.reason}`;
  const { jkt, jti, iat } = verification;
  if (jkt !== claims.cnf?.jkt) return "binding";
  const expiresAtSeconds = iat + rules.maxAgeSeconds + rules.clockToleranceSeconds;
  const use = used.use(claims.sub, `${jkt} ${jti}`, expiresAtSeconds, toNumericDate(now));
  if (use === "first") return null;
  return use === "again" ? "proof_used" : "proofs_unavailable";
}

/** Its DPoP header; several are one, with commas between, which is no proof. */
function proofOf({ headers }: PresentedRequest): string {
  const proof = isOfFetch(headers) ? headers.get("dpop") : headers.dpop;
  return String(proof ?? "");
}

/** One of Node may hold a header of that name, which is text. */
const isOfFetch = (headers: PresentedRequest["headers"]): headers is Pick<Headers, "get"> =>
  "get" in headers && typeof headers.get === "function";

/** The address that the client has called; none for a request without a path. Its own scheme and host are anybody's. */
function addressOf({ url = "", originalUrl = url }: PresentedRequest, publicUrl: string): string {
  const target = originalUrl.replace(/^https?:\/\/[^/?#]*/i, "");
  return target.startsWith("/") ? publicUrl + target : "";
}
