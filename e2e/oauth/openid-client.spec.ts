import * as library from "openid-client";
import { cookieHeader } from "../attacks/support/cookies";
import type { Person } from "../attacks/support/target";
import { letIn } from "./support/browser";
import { CLIENT_CREDENTIALS, type Client, DEVICE_CODE, REDIRECT_URI, register } from "./support/client";
import { answerDevice } from "./support/device-page";
import { addAudience, expect, fetchFromAnywhere, sceneOfFile, test } from "./support/scene";

/** Every flow once more with openid-client, configured as its README says: what most web applications use. */
const scene = sceneOfFile();
const SCOPE = "openid email offline_access";

function configure(client: Client, authentication: library.ClientAuth): Promise<library.Configuration> {
  const issuer = new URL(scene().origin);
  return library.discovery(issuer, client.client_id, client.secret || {}, authentication, {
    execute: [library.allowInsecureRequests],
    [library.customFetch]: fetchFromAnywhere,
  });
}

async function publicConfiguration(terms: object = {}): Promise<library.Configuration> {
  return configure(await register(scene(), { ...terms }), library.None());
}

interface Started {
  verifier: string;
  state: string;
  nonce: string;
  parameters: Record<string, string>;
}

async function start(scope = SCOPE): Promise<Started> {
  const [verifier, state, nonce] = [
    library.randomPKCECodeVerifier(),
    library.randomState(),
    library.randomNonce(),
  ];
  return {
    verifier,
    state,
    nonce,
    parameters: {
      redirect_uri: REDIRECT_URI,
      scope,
      state,
      nonce,
      code_challenge: await library.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
    },
  };
}

const checksOf = ({ verifier, state, nonce }: Started) => ({
  pkceCodeVerifier: verifier,
  expectedState: state,
  expectedNonce: nonce,
  idTokenExpected: true,
});

async function signInWith(config: library.Configuration, person: Person, options: library.DPoPOptions = {}) {
  const started = await start();
  const address = library.buildAuthorizationUrl(config, started.parameters);
  const callback = await letIn(scene(), person, address);
  return library.authorizationCodeGrant(config, callback, checksOf(started), {}, options);
}

test("a public client: signs in, asks who it is, refreshes, and takes its token back", async () => {
  const config = await publicConfiguration();
  const person = await scene().signUp();
  const tokens = await signInWith(config, person);
  expect(tokens.claims()).toMatchObject({ sub: person.userId });
  const told = await library.fetchUserInfo(config, tokens.access_token, person.userId);
  expect(told).toMatchObject({ sub: person.userId, email: person.email });
  const next = await library.refreshTokenGrant(config, tokens.refresh_token ?? "");
  expect(next.refresh_token).not.toBe(tokens.refresh_token);
  await library.tokenRevocation(config, next.refresh_token ?? "");
  await expect(library.refreshTokenGrant(config, next.refresh_token ?? "")).rejects.toMatchObject({
    error: "invalid_grant",
  });
  await expect(library.fetchUserInfo(config, next.access_token, person.userId)).rejects.toThrow();
});

test("a confidential client, by each of its methods, asks about its token", async () => {
  const withSecret = await register(scene(), {}, "client_secret_basic");
  const withKey = await register(scene(), {}, "private_key_jwt");
  const configurations = [
    await configure(withSecret, library.ClientSecretBasic(withSecret.secret)),
    await configure(withSecret, library.ClientSecretPost(withSecret.secret)),
    await configure(withKey, library.PrivateKeyJwt(withKey.key as CryptoKey)),
  ];
  const person = await scene().signUp();
  for (const config of configurations) {
    const tokens = await signInWith(config, person);
    expect(await library.tokenIntrospection(config, tokens.access_token)).toMatchObject({
      active: true,
      sub: person.userId,
    });
    await library.refreshTokenGrant(config, tokens.refresh_token ?? "");
  }
});

test("a wrong nonce, state or issuer is refused by the client", async () => {
  const config = await publicConfiguration();
  const person = await scene().signUp();
  const started = await start();
  const address = library.buildAuthorizationUrl(config, started.parameters);
  const callback = await letIn(scene(), person, address);
  const checks = checksOf(started);
  const elsewhere = new URL(callback);
  elsewhere.searchParams.set("iss", "https://evil.example");
  const without = new URL(callback);
  without.searchParams.delete("iss");
  for (const from of [elsewhere, without])
    await expect(library.authorizationCodeGrant(config, from, checks)).rejects.toThrow();
  const otherState = { ...checks, expectedState: "x" };
  await expect(library.authorizationCodeGrant(config, callback, otherState)).rejects.toThrow();
  const otherNonce = { ...checks, expectedNonce: "x" };
  await expect(library.authorizationCodeGrant(config, callback, otherNonce)).rejects.toThrow();
});

test("pushed authorization requests", async () => {
  const config = await publicConfiguration({ requiresPushedRequests: true });
  const started = await start();
  const address = await library.buildAuthorizationUrlWithPAR(config, started.parameters);
  expect([...address.searchParams.keys()].sort()).toEqual(["client_id", "request_uri"]);
  const callback = await letIn(scene(), await scene().signUp(), address);
  await library.authorizationCodeGrant(config, callback, checksOf(started));
});

test("DPoP, from sign-in to userinfo and refresh", async () => {
  const config = await publicConfiguration({ requiresDpop: true });
  const person = await scene().signUp();
  const keys = await library.randomDPoPKeyPair("ES256");
  const dpop = { DPoP: library.getDPoPHandle(config, keys) };
  const tokens = await signInWith(config, person, dpop);
  expect(tokens.token_type).toBe("dpop");
  await library.fetchUserInfo(config, tokens.access_token, person.userId, dpop);
  const next = await library.refreshTokenGrant(config, tokens.refresh_token ?? "", {}, dpop);
  await library.fetchUserInfo(config, next.access_token, person.userId, dpop);
});

test("client credentials", async () => {
  const resource = await addAudience(scene());
  const terms = { grantTypes: [CLIENT_CREDENTIALS], audiences: [resource], scope: "orders:read" };
  const service = await register(scene(), terms, "client_secret_basic");
  const config = await configure(service, library.ClientSecretBasic(service.secret));
  const tokens = await library.clientCredentialsGrant(config, { scope: "orders:read", resource });
  expect(tokens).toMatchObject({ token_type: "bearer", scope: "orders:read" });
});

test("the device flow", async () => {
  const config = await publicConfiguration({ grantTypes: [DEVICE_CODE], redirectUris: [] });
  const person = await scene().signUp();
  const started = await library.initiateDeviceAuthorization(config, { scope: SCOPE });
  await answerDevice(scene(), person, started.user_code, "allow");
  const tokens = await library.pollDeviceAuthorizationGrant(config, { ...started, interval: 0.1 });
  expect(tokens.claims()).toMatchObject({ sub: person.userId });
});

test("the end of the session at the relying party's wish", async () => {
  const client = await register(scene(), { postLogoutRedirectUris: ["https://app.example/bye"] });
  const config = await configure(client, library.None());
  const person = await scene().signUp();
  const tokens = await signInWith(config, person);
  const address = library.buildEndSessionUrl(config, {
    id_token_hint: tokens.id_token ?? "",
    post_logout_redirect_uri: "https://app.example/bye",
    state: "x",
  });
  const answer = await scene().send({
    path: address.pathname + address.search,
    headers: { cookie: cookieHeader(person) },
  });
  expect(answer.status).toBe(303);
  expect(new URL(answer.headers.location ?? "", scene().origin).pathname).toBe("/sign-out");
});
