import { randomUUID } from "node:crypto";
import * as oauth from "oauth4webapi";
import { ANYWHERE, callAsAdministrator, type Scene } from "./scene";

export const REDIRECT_URI = "https://app.example/callback";
export const CLIENT_CREDENTIALS = "client_credentials";
export const DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code";

/** A registered client: what it knows of itself, and how it authenticates. */
export interface Client {
  client_id: string;
  name: string;
  /** As the library has it. */
  library: oauth.Client;
  secret: string;
  authentication: oauth.ClientAuth;
  /** For `private_key_jwt`. */
  key?: CryptoKey;
}

export const AUTHENTICATIONS = [
  "none",
  "client_secret_basic",
  "client_secret_post",
  "private_key_jwt",
] as const;
export type Authentication = (typeof AUTHENTICATIONS)[number];

interface Terms {
  [field: string]: unknown;
}

/** A public client for `openid email offline_access` at one address, unless the terms say otherwise. */
export async function register(
  scene: Scene,
  terms: Terms = {},
  authentication: Authentication = "none",
): Promise<Client> {
  const name = `Client ${randomUUID()}`;
  const keys = authentication === "private_key_jwt" ? await generateKeys("ES256") : null;
  const body = {
    name,
    authMethod: authentication.startsWith("client_secret") ? "client_secret" : authentication,
    scope: "openid email offline_access",
    ...(isForPeople(terms) ? { redirectUris: [REDIRECT_URI] } : {}),
    ...(keys === null ? {} : { jwks: { keys: [keys.jwk] } }),
    ...terms,
  };
  const { client, secret } = await callAsAdministrator<{ client: { id: string }; secret: string | null }>(
    scene,
    "POST",
    "/api/admin/clients",
    body,
  );
  return {
    client_id: client.id,
    name,
    secret: secret ?? "",
    authentication: authenticationOf(authentication, secret ?? "", keys?.privateKey),
    ...(keys === null ? {} : { key: keys.privateKey }),
    library: {
      client_id: client.id,
      ...(terms.algorithm === undefined ? {} : { id_token_signed_response_alg: String(terms.algorithm) }),
    },
  };
}

const isForPeople = ({ grantTypes }: Terms): boolean =>
  !Array.isArray(grantTypes) || grantTypes.includes("authorization_code");

function authenticationOf(
  kind: Authentication,
  secret: string,
  key: CryptoKey | undefined,
): oauth.ClientAuth {
  if (kind === "client_secret_basic") return oauth.ClientSecretBasic(secret);
  if (kind === "client_secret_post") return oauth.ClientSecretPost(secret);
  return key === undefined ? oauth.None() : oauth.PrivateKeyJwt(key);
}

/** A key pair, and the half of it that is registered. */
export async function generateKeys(
  algorithm: oauth.JWSAlgorithm,
): Promise<{ privateKey: CryptoKey; jwk: JsonWebKey & { alg: string } }> {
  const { publicKey, privateKey } = await oauth.generateKeyPair(algorithm, { extractable: true });
  const { ext: _ext, key_ops: _operations, ...jwk } = await crypto.subtle.exportKey("jwk", publicKey);
  return { privateKey, jwk: { ...jwk, alg: algorithm } };
}

/** What a client keeps between sending a person away and getting them back. */
export interface Attempt {
  address: URL;
  redirectUri: string;
  state: string;
  nonce: string;
  verifier: string;
}

/** A request with state, nonce and PKCE; `parameters` replace its own, and `undefined` leaves one out. */
export async function begin(
  { server }: Pick<Scene, "server">,
  { client_id }: Client,
  parameters: Record<string, string | undefined> = {},
): Promise<Attempt> {
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
  const verifier = oauth.generateRandomCodeVerifier();
  const all = {
    client_id,
    response_type: "code",
    redirect_uri: REDIRECT_URI,
    scope: "openid email",
    state,
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    ...parameters,
  };
  const address = new URL(server.authorization_endpoint ?? "");
  for (const [name, value] of Object.entries(all)) {
    if (value !== undefined) address.searchParams.set(name, value);
  }
  return {
    address,
    redirectUri: all.redirect_uri ?? REDIRECT_URI,
    state: all.state ?? "",
    nonce: all.nonce ?? "",
    verifier,
  };
}

/** The tokens for the code that came back, everything checked as the library checks it. */
export async function redeem(
  scene: Pick<Scene, "server">,
  client: Client,
  attempt: Attempt,
  callback: URL,
  options: oauth.TokenEndpointRequestOptions = {},
): Promise<oauth.TokenEndpointResponse> {
  const parameters = oauth.validateAuthResponse(scene.server, client.library, callback, attempt.state);
  const response = await oauth.authorizationCodeGrantRequest(
    scene.server,
    client.library,
    client.authentication,
    parameters,
    attempt.redirectUri,
    attempt.verifier,
    { ...ANYWHERE, ...options },
  );
  const isOpenId = attempt.address.searchParams.get("scope")?.split(" ").includes("openid") ?? true;
  const tokens = await oauth.processAuthorizationCodeResponse(scene.server, client.library, response, {
    ...(isOpenId ? { expectedNonce: attempt.nonce, requireIdToken: true } : {}),
  });
  // The library keeps the keys it has fetched by this object, for minutes: a new client has none.
  if (isOpenId) await oauth.validateApplicationLevelSignature({ ...scene.server }, response, ANYWHERE);
  return tokens;
}

export async function refresh(
  { server }: Pick<Scene, "server">,
  client: Client,
  refreshToken: string,
  options: oauth.TokenEndpointRequestOptions = {},
): Promise<oauth.TokenEndpointResponse> {
  const response = await oauth.refreshTokenGrantRequest(
    server,
    client.library,
    client.authentication,
    refreshToken,
    {
      ...ANYWHERE,
      ...options,
    },
  );
  return oauth.processRefreshTokenResponse(server, client.library, response);
}

/** What the userinfo endpoint says, for a token of that person. */
export async function userInfo(
  { server }: Pick<Scene, "server">,
  client: Client,
  accessToken: string,
  subject: string,
  options: oauth.UserInfoRequestOptions = {},
): Promise<oauth.UserInfoResponse> {
  const response = await oauth.userInfoRequest(server, client.library, accessToken, {
    ...ANYWHERE,
    ...options,
  });
  return oauth.processUserInfoResponse(server, client.library, subject, response);
}
