import type { Client } from "./client";
import type { OAuthDependencies } from "./dependencies";
import { readIdTokenHint } from "./id-token-hint";
import { isOAuthError, OAuthError, type ReturnAddress } from "./oauth-error";
import type { AuthorizationParameters, Parameters } from "./parameters";
import { CODE_CHALLENGE_METHOD, isCodeChallenge } from "./pkce";
import { findPushedParameters, isPushedUri } from "./pushed-request";
import { isRegisteredRedirectUri } from "./redirect-uri";
import { requireAudience, requireScope } from "./requested";
import { formatScope } from "./scope";

/** OpenID Connect Core section 3.1.2.1. */
export const PROMPTS = ["none", "login", "consent", "select_account"] as const;
export type Prompt = (typeof PROMPTS)[number];

/** What a client asks of a person (RFC 6749 section 4.1.1), once it is known to be in order. */
export interface AuthorizationRequest extends ReturnAddress {
  client: Client;
  scope: string;
  audience: string;
  codeChallenge: string;
  nonce: string | null;
  prompts: ReadonlySet<Prompt>;
  /** A sign-in that is older has to be made again. */
  maxAgeSeconds: number | null;
  /** The e-mail address that the client believes the person has. */
  loginHint: string | null;
  /** Who alone it is about, as an ID token of the client says; unproven where the key of that one has gone. */
  expectedUser: { id: string; isProven: boolean } | null;
  /** The key that the code will be bound to (RFC 9449 section 10). */
  dpopJkt: string | null;
  /** What has been sent ahead (RFC 9126), by its `request_uri`. */
  requestUri: string | null;
}

type RequestDependencies = Pick<OAuthDependencies, "stores" | "audiences" | "issuer" | "clock">;

const MAX_NONCE_CHARACTERS = 512;
const MAX_HINT_CHARACTERS = 254;
const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/;

/**
 * Reads an authorization request, that which was sent ahead included. Until client and redirect URI are known to belong
 * together nothing is told to anybody but the person; from then on the error says where the client hears of it.
 * Throws `OAuthError`.
 */
export async function readAuthorizationRequest(
  deps: RequestDependencies,
  parameters: AuthorizationParameters,
): Promise<AuthorizationRequest> {
  const client = await requireClient(deps, parameters);
  const requestUri = parameters.get("request_uri");
  const isPushed = requestUri !== null && isPushedUri(requestUri);
  const asked = isPushed ? await findPushedParameters(deps, client, requestUri) : parameters;
  const address = { redirectUri: requireRedirectUri(client, asked), state: asked.get("state") };
  return withReturnAddress(address, async () => {
    if (parameters.fault !== null) throw parameters.fault;
    requireWayIn(client, parameters, isPushed);
    return {
      client,
      ...address,
      ...readRest(deps, client, asked),
      expectedUser: await readExpectedUser(deps, client, asked),
      requestUri: isPushed ? requestUri : null,
    };
  });
}

/** The same for what is sent ahead: whoever sends it is a known client, and hears of errors there and then. */
export function checkAuthorizationRequest(
  deps: Pick<OAuthDependencies, "issuer">,
  client: Client,
  parameters: Parameters,
): void {
  requireRedirectUri(client, parameters);
  requireOwnParameters(client, parameters);
  if (parameters.get("request_uri") !== null) {
    throw new OAuthError("invalid_request", "request_uri cannot be sent ahead.");
  }
  readRest(deps, client, parameters);
}

async function requireClient(
  { stores }: Pick<OAuthDependencies, "stores">,
  parameters: Parameters,
): Promise<Client> {
  const id = parameters.get("client_id");
  if (id === null) throw new OAuthError("invalid_request", "client_id is missing.");
  const client = await stores.clients.find(id);
  if (client === null) throw new OAuthError("invalid_request", "There is no client of this client_id.");
  return client;
}

/** One may be left out where it is the only one (OAuth 2.1 section 2.3.3). */
function requireRedirectUri({ redirectUris }: Client, parameters: Parameters): string {
  const [only, ...others] = redirectUris;
  const asked = parameters.get("redirect_uri");
  if (asked !== null && isRegisteredRedirectUri(redirectUris, asked)) return asked;
  if (asked === null && only !== undefined && others.length === 0) return only;
  throw new OAuthError("invalid_request", "This redirect_uri is not registered for the client.");
}

/** From here on the client may hear of it. */
async function withReturnAddress<Result>(
  returnTo: ReturnAddress,
  read: () => Promise<Result>,
): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    throw isOAuthError(error) ? new OAuthError(error.code, error.message, { returnTo }) : error;
  }
}

function requireWayIn(client: Client, parameters: Parameters, isPushed: boolean): void {
  if (!isPushed) requireOwnParameters(client, parameters);
  if (!isPushed && parameters.get("request_uri") !== null) {
    throw new OAuthError(
      "request_uri_not_supported",
      "request_uri is taken from the pushed request endpoint alone.",
    );
  }
  if (client.requiresPushedRequests && !isPushed) {
    throw new OAuthError("invalid_request", "This client has to push its authorization requests.");
  }
}

function requireOwnParameters({ grantTypes }: Client, parameters: Parameters): void {
  if (!grantTypes.includes("authorization_code")) {
    throw new OAuthError("unauthorized_client", "The client is not registered for authorization_code.");
  }
  if (parameters.get("request") !== null) {
    throw new OAuthError("request_not_supported", "Request objects are not taken.");
  }
}

function readRest(deps: Pick<OAuthDependencies, "issuer">, client: Client, parameters: Parameters) {
  requireCodeFlow(parameters);
  return {
    codeChallenge: requireChallenge(parameters),
    scope: formatScope(requireScope(client, parameters)),
    audience: requireAudience(deps, client, parameters),
    nonce: readNonce(parameters),
    prompts: readPrompts(parameters),
    maxAgeSeconds: readMaxAge(parameters),
    loginHint: readHint(parameters),
    dpopJkt: readThumbprint(parameters),
  };
}

function requireCodeFlow(parameters: Parameters): void {
  const type = parameters.get("response_type");
  if (type === null) throw new OAuthError("invalid_request", "response_type is missing.");
  if (type !== "code") throw new OAuthError("unsupported_response_type", "response_type must be code.");
  const mode = parameters.get("response_mode") ?? "query";
  if (mode !== "query") throw new OAuthError("invalid_request", "response_mode must be query.");
}

/** PKCE, for every client, and never `plain`, which is what a missing method would mean (RFC 7636 section 4.3). */
function requireChallenge(parameters: Parameters): string {
  const challenge = parameters.get("code_challenge");
  if (challenge === null)
    throw new OAuthError("invalid_request", "code_challenge is missing: PKCE is required.");
  if (parameters.get("code_challenge_method") !== CODE_CHALLENGE_METHOD) {
    throw new OAuthError("invalid_request", "code_challenge_method must be S256.");
  }
  if (isCodeChallenge(challenge)) return challenge;
  throw new OAuthError("invalid_request", "code_challenge must be a SHA-256 in base64url.");
}

function readNonce(parameters: Parameters): string | null {
  const nonce = parameters.get("nonce");
  if (nonce === null || nonce.length <= MAX_NONCE_CHARACTERS) return nonce;
  throw new OAuthError("invalid_request", `nonce may have ${MAX_NONCE_CHARACTERS} characters.`);
}

function readPrompts(parameters: Parameters): ReadonlySet<Prompt> {
  const words = parameters.get("prompt")?.split(" ") ?? [];
  const prompts = new Set(PROMPTS.filter((prompt) => words.includes(prompt)));
  const isClear = prompts.size === words.length && !(prompts.has("none") && prompts.size > 1);
  if (isClear) return prompts;
  throw new OAuthError("invalid_request", `prompt may be none, or some of ${PROMPTS.slice(1).join(", ")}.`);
}

function readMaxAge(parameters: Parameters): number | null {
  const text = parameters.get("max_age");
  if (text === null || /^\d{1,9}$/.test(text)) return text === null ? null : Number(text);
  throw new OAuthError("invalid_request", "max_age must be a number of seconds.");
}

/** A hint and no more: one that cannot be an address is passed over. */
function readHint(parameters: Parameters): string | null {
  const hint = parameters.get("login_hint");
  return hint !== null && hint.length <= MAX_HINT_CHARACTERS && hint.includes("@") ? hint : null;
}

/** Whom the hint names, and nobody else, gets in (OpenID Connect Core section 3.1.2.2). */
async function readExpectedUser(
  { audiences, issuer }: RequestDependencies,
  { id }: Client,
  parameters: Parameters,
): Promise<AuthorizationRequest["expectedUser"]> {
  const text = parameters.get("id_token_hint");
  if (text === null) return null;
  const hint = await readIdTokenHint(text, issuer, audiences.keys.keyring);
  if (hint?.clientId === id) return { id: hint.sub, isProven: hint.isProven };
  throw new OAuthError("invalid_request", "id_token_hint is no ID token of this server for the client.");
}

function readThumbprint(parameters: Parameters): string | null {
  const thumbprint = parameters.get("dpop_jkt");
  if (thumbprint === null || THUMBPRINT.test(thumbprint)) return thumbprint;
  throw new OAuthError("invalid_request", "dpop_jkt must be the SHA-256 thumbprint of a key.");
}
