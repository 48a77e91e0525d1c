import { sha256 } from "@/lib/crypto/derive-key";
import { basicCredentials } from "./basic-credentials";
import type { Client } from "./client";
import { CLIENT_ASSERTION_TYPE, peekClientId, verifyClientAssertion } from "./client-assertion";
import type { ClientKey } from "./client-jwks";
import type { OAuthDependencies } from "./dependencies";
import { OAuthError } from "./oauth-error";
import type { Parameters } from "./parameters";
import { parEndpoint, tokenEndpoint } from "./userinfo-audience";

/** How a request says which client sent it. */
type Presented =
  | { by: "none"; clientId: string }
  | { by: "client_secret"; clientId: string; secret: string; isBasic: boolean }
  | { by: "private_key_jwt"; clientId: string; assertion: string };

/**
 * The client that sent a request (RFC 6749 section 2.3, RFC 7523 section 3): by one method, which is the one that it is
 * registered with. Throws `invalid_client`, and `invalid_request` for what says two things.
 */
export async function authenticateClient(
  deps: OAuthDependencies,
  headers: Headers,
  parameters: Parameters,
): Promise<Client> {
  const presented = readPresented(headers, parameters);
  const client = await deps.stores.clients.find(presented.clientId);
  if (client === null) throw unknownClient(presented, "no such client");
  if (client.authMethod !== presented.by) throw unknownClient(presented, "another method");
  const isProven = await isProof(deps, client, presented);
  if (!isProven) throw unknownClient(presented, "not proven");
  return client;
}

/** As `authenticateClient`, for what is answered to those alone who can prove who they are. */
export async function authenticateConfidentialClient(
  deps: OAuthDependencies,
  headers: Headers,
  parameters: Parameters,
): Promise<Client> {
  const client = await authenticateClient(deps, headers, parameters);
  if (client.authMethod !== "none") return client;
  throw new OAuthError("invalid_client", "A public client cannot prove who it is.");
}

function readPresented(headers: Headers, parameters: Parameters): Presented {
  const basic = basicCredentials(headers);
  if (basic.kind === "malformed") throw refused(true, "malformed Authorization");
  const [secret, assertion] = [parameters.get("client_secret"), parameters.get("client_assertion")];
  const isBasic = basic.kind === "credentials";
  if (Number(isBasic) + Number(secret !== null) + Number(assertion !== null) > 1) {
    throw new OAuthError("invalid_request", "Authenticate the client by one method.");
  }
  const clientId = parameters.get("client_id");
  if (isBasic) {
    requireSame(clientId, basic.clientId);
    return { by: "client_secret", clientId: basic.clientId, secret: basic.secret, isBasic };
  }
  if (assertion !== null) return readAssertion(assertion, parameters.get("client_assertion_type"), clientId);
  if (clientId === null) throw refused(false, "no client named");
  if (secret !== null) return { by: "client_secret", clientId, secret, isBasic };
  return { by: "none", clientId };
}

function readAssertion(assertion: string, type: string | null, clientId: string | null): Presented {
  if (type !== CLIENT_ASSERTION_TYPE) {
    throw new OAuthError("invalid_request", `client_assertion_type must be ${CLIENT_ASSERTION_TYPE}.`);
  }
  const named = peekClientId(assertion);
  if (named === null) throw refused(false, "the assertion names no client");
  requireSame(clientId, named);
  return { by: "private_key_jwt", clientId: named, assertion };
}

function requireSame(clientId: string | null, authenticated: string): void {
  if (clientId === null || clientId === authenticated) return;
  throw new OAuthError("invalid_request", "client_id names another client than the one that authenticates.");
}

async function isProof(deps: OAuthDependencies, client: Client, presented: Presented): Promise<boolean> {
  if (presented.by === "none") return true;
  if (presented.by === "client_secret") {
    return deps.stores.clients.hasSecret(client.id, sha256(presented.secret));
  }
  return isGoodAssertion(deps, client, presented.assertion);
}

/** Each assertion is good for one request (RFC 7523 section 3): the last step, so that no other uses one up. */
async function isGoodAssertion(deps: OAuthDependencies, client: Client, assertion: string): Promise<boolean> {
  const { issuer, clock, clockToleranceSeconds } = deps;
  const verifyWith = (keys: readonly ClientKey[]) =>
    verifyClientAssertion(assertion, {
      clientId: client.id,
      audiences: [issuer, tokenEndpoint(issuer), parEndpoint(issuer)],
      keys,
      now: clock.now(),
      clockToleranceSeconds,
    });
  const keys = await deps.clientKeys.find(client);
  let verification = await verifyWith(keys);
  if (!verification.ok) {
    // The client may have published another key since.
    const newer = await deps.clientKeys.findNewer(client);
    if (newer !== keys) verification = await verifyWith(newer);
  }
  if (!verification.ok) return false;
  const name = sha256(JSON.stringify(["client_assertion", client.id, verification.jti]));
  return deps.stores.usedProofs.use(name, verification.expiresAt);
}

const unknownClient = (presented: Presented, reason: string): OAuthError =>
  refused(presented.by === "client_secret" && presented.isBasic, reason);

/** One answer whatever it was, with a challenge where `Authorization` was used (RFC 6749 section 5.2). */
const refused = (isBasic: boolean, reason: string): OAuthError =>
  new OAuthError("invalid_client", "The client could not be authenticated.", {
    reason,
    ...(isBasic ? { headers: { "WWW-Authenticate": 'Basic realm="Latchkey", charset="UTF-8"' } } : {}),
  });
