import { PUSHED_REQUEST_SECONDS } from "@/lib/config/durations";
import { addSeconds } from "@/lib/crypto/clock";
import { sha256 } from "@/lib/crypto/derive-key";
import { randomToken } from "@/lib/crypto/random";
import { authenticateClient } from "./authenticate-client";
import { checkAuthorizationRequest } from "./authorization-request";
import type { Client } from "./client";
import { requireClientAttempt } from "./client-attempt";
import type { OAuthDependencies } from "./dependencies";
import { type DpopProof, findProof, spendProof } from "./dpop";
import { OAuthError } from "./oauth-error";
import type { Parameters } from "./parameters";
import type { ClientRequest } from "./token-call";
import { parEndpoint } from "./userinfo-audience";

const PREFIX = "urn:ietf:params:oauth:request_uri:";

/** What of an authorization request may be sent ahead; how the client proved who it is, is no part of it. */
const KEPT = [
  "response_type",
  "response_mode",
  "redirect_uri",
  "state",
  "scope",
  "resource",
  "code_challenge",
  "code_challenge_method",
  "nonce",
  "prompt",
  "max_age",
  "login_hint",
  "id_token_hint",
  "dpop_jkt",
];

/** RFC 9126 section 2.2. */
export interface PushedResponse {
  request_uri: string;
  /** Seconds. */
  expires_in: number;
}

export const isPushedUri = (uri: string): boolean => uri.startsWith(PREFIX);

/** The pushed authorization request endpoint (RFC 9126 section 2). Throws `OAuthError`, and `rate_limited`. */
export async function pushRequest(
  deps: OAuthDependencies,
  { headers, parameters, from }: ClientRequest,
): Promise<PushedResponse> {
  const client = await authenticateClient(deps, headers, parameters);
  checkAuthorizationRequest(deps, client, parameters);
  const proof = await findKeyProof(deps, headers, parameters);
  await requireClientAttempt(deps, "pushedRequest", client, from);
  await spendProof(deps, proof);
  const token = randomToken();
  await deps.stores.pushedRequests.insert({
    hash: sha256(token),
    clientId: client.id,
    parameters: { ...kept(parameters), ...(proof === null ? {} : { dpop_jkt: proof.jkt }) },
    expiresAt: addSeconds(deps.clock.now(), PUSHED_REQUEST_SECONDS),
  });
  return { request_uri: `${PREFIX}${token}`, expires_in: PUSHED_REQUEST_SECONDS };
}

/** The code will be bound to the key that the client shows here (RFC 9449 section 10.1). */
async function findKeyProof(
  deps: OAuthDependencies,
  headers: Headers,
  parameters: Parameters,
): Promise<DpopProof | null> {
  const proof = await findProof(deps, headers, { method: "POST", url: parEndpoint(deps.issuer) });
  const named = parameters.get("dpop_jkt");
  if (proof === null || named === null || proof.jkt === named) return proof;
  throw new OAuthError("invalid_dpop_proof", "The proof is of another key than dpop_jkt.");
}

const kept = (parameters: Parameters): Record<string, string> =>
  Object.fromEntries(
    KEPT.flatMap((name) => {
      const value = parameters.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );

/**
 * What this client has sent ahead. It may have been answered already, as when the page that did so is shown again. Throws
 * `invalid_request_uri` for what has expired, or is another's.
 */
export async function findPushedParameters(
  { stores, clock }: Pick<OAuthDependencies, "stores" | "clock">,
  client: Client,
  uri: string,
): Promise<Parameters> {
  const pushed = await stores.pushedRequests.find(hashOf(uri), clock.now());
  if (pushed === null || pushed.clientId !== client.id) throw isOver();
  const { parameters } = pushed;
  return { get: (name) => (Object.hasOwn(parameters, name) ? (parameters[name] ?? null) : null) };
}

/** It is for one answer (RFC 9126 section 7.3). Throws `invalid_request_uri` where it has had one. */
export async function requireUnanswered(
  { pushedRequests }: Pick<OAuthDependencies["stores"], "pushedRequests">,
  uri: string | null,
  now: Date,
): Promise<void> {
  if (uri !== null && !(await pushedRequests.answer(hashOf(uri), now))) throw isOver();
}

const isOver = (): OAuthError =>
  new OAuthError("invalid_request_uri", "This request has been answered, or has expired. Start again.");

const hashOf = (uri: string) => sha256(uri.slice(PREFIX.length));
