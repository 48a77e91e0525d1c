import type { Client } from "./client";
import type { OAuthDependencies } from "./dependencies";
import { type IdTokenHint, readIdTokenHint } from "./id-token-hint";
import { OAuthError } from "./oauth-error";
import type { Parameters } from "./parameters";
import { withParameters } from "./redirect-uri";

/** Who asks that a person be signed out, and where the browser goes then. */
export interface LogoutRequest {
  /** Null: nobody said who asks. */
  client: Client | null;
  /** A registered address with the client's `state`; null: it stays here. */
  returnTo: string | null;
  /** The person whom the client speaks of, from its ID token; null: it did not say, or cannot prove it. */
  hint: { sub: string } | null;
}

/**
 * Reads a request of OpenID Connect RP-Initiated Logout 1.0 section 2. Reading it ends nothing: whoever sends it proves
 * nothing. Throws `invalid_request` where anything of it is wrong: then the browser goes nowhere.
 */
export async function readLogoutRequest(
  deps: Pick<OAuthDependencies, "stores" | "audiences" | "issuer">,
  parameters: Parameters,
): Promise<LogoutRequest> {
  const token = await readIdToken(deps, parameters);
  const clientId = requireOneClientId(parameters, token);
  const client = clientId === null ? null : await requireClient(deps, clientId);
  const returnTo = requireReturnAddress(parameters, client);
  return { client, returnTo, hint: token?.isProven ? { sub: token.sub } : null };
}

/**
 * Keys rotate, and a sign-in may be older than the key that it was told with. Then the ID token still says who asks, as
 * `client_id` does without any proof; the person is asked anyway.
 */
async function readIdToken(
  { audiences, issuer }: Pick<OAuthDependencies, "audiences" | "issuer">,
  parameters: Parameters,
): Promise<IdTokenHint | null> {
  const text = parameters.get("id_token_hint");
  if (text === null) return null;
  const token = await readIdTokenHint(text, issuer, audiences.keys.keyring);
  if (token !== null) return token;
  throw refused("The id_token_hint is not an ID token of this server.");
}

function requireOneClientId(parameters: Parameters, token: IdTokenHint | null): string | null {
  const clientId = parameters.get("client_id");
  if (token !== null && clientId !== null && token.clientId !== clientId) {
    throw refused("The id_token_hint was issued to another client than client_id names.");
  }
  return clientId ?? token?.clientId ?? null;
}

async function requireClient({ stores }: Pick<OAuthDependencies, "stores">, id: string): Promise<Client> {
  const client = await stores.clients.find(id);
  if (client === null) throw refused("There is no such client.");
  return client;
}

function requireReturnAddress(parameters: Parameters, client: Client | null): string | null {
  const uri = parameters.get("post_logout_redirect_uri");
  if (uri === null) return null;
  if (client === null) throw refused("A post_logout_redirect_uri needs a client_id or an id_token_hint.");
  if (!client.postLogoutRedirectUris.includes(uri)) {
    throw refused("The client has not registered this post_logout_redirect_uri.");
  }
  const state = parameters.get("state");
  return withParameters(uri, state === null ? {} : { state });
}

const refused = (description: string) => new OAuthError("invalid_request", description);
