import { decodeJwt, decodeProtectedHeader } from "jose";
import * as oauth from "oauth4webapi";
import { obtainCode, signInThrough } from "./support/browser";
import { AUTHENTICATIONS, register, userInfo } from "./support/client";
import { post, readJson } from "./support/endpoints";
import { ANYWHERE, expect, type Scene, sceneOfFile, test } from "./support/scene";

/** The code flow with PKCE as oauth4webapi does it, which checks each answer by its standard. */
const scene = sceneOfFile();

const audienceOf = ({ server }: Scene) => server.userinfo_endpoint ?? "";

async function claimsOf(accessToken: string) {
  const request = new Request("https://service.example/", {
    headers: { authorization: `Bearer ${accessToken}` },
  });
  return oauth.validateJwtAccessToken(scene().server, request, audienceOf(scene()), ANYWHERE);
}

for (const authentication of AUTHENTICATIONS) {
  test(`${authentication}: a person is signed in, and who they are is told`, async () => {
    const client = await register(scene(), {}, authentication);
    const person = await scene().signUp();
    const tokens = await signInThrough(scene(), client, person);
    expect(tokens).toEqual({
      access_token: expect.any(String),
      token_type: "bearer",
      expires_in: expect.any(Number),
      scope: "openid email",
      id_token: expect.any(String),
    });
    const claims = await claimsOf(tokens.access_token);
    expect(claims).toMatchObject({
      sub: person.userId,
      client_id: client.client_id,
      scope: "openid email",
      aud: audienceOf(scene()),
    });
    expect(claims.sid).not.toBe(person.sessionId);
    const lifetime = claims.exp - claims.iat;
    expect(tokens.expires_in).toBeLessThanOrEqual(lifetime);
    expect(tokens.expires_in).toBeGreaterThan(lifetime - 30);
    expect(await userInfo(scene(), client, tokens.access_token, person.userId)).toEqual({
      sub: person.userId,
      email: person.email,
      email_verified: false,
    });
  });
}

for (const algorithm of ["ES256", "RS256", "EdDSA"]) {
  test(`an ID token is signed by the algorithm that the client has chosen: ${algorithm}`, async () => {
    const client = await register(scene(), { algorithm });
    const person = await scene().signUp();
    const tokens = await signInThrough(scene(), client, person);
    const claims = decodeJwt(tokens.id_token ?? "");
    expect(decodeProtectedHeader(tokens.id_token ?? "")).toEqual({
      alg: algorithm,
      typ: "JWT",
      kid: expect.any(String),
    });
    expect(claims).toEqual({
      iss: scene().origin,
      sub: person.userId,
      aud: client.client_id,
      iat: expect.any(Number),
      exp: expect.any(Number),
      auth_time: expect.any(Number),
      nonce: expect.any(String),
      sid: expect.any(String),
      amr: ["pwd"],
    });
  });
}

test("without openid there is no ID token, and the scope is what was asked", async () => {
  const client = await register(scene());
  const tokens = await signInThrough(scene(), client, await scene().signUp(), { scope: "email" });
  expect(tokens.scope).toBe("email");
  expect(tokens.id_token).toBeUndefined();
});

test("a scope left out is everything that is registered, without offline_access", async () => {
  const client = await register(scene());
  const tokens = await signInThrough(scene(), client, await scene().signUp(), { scope: undefined });
  expect(tokens.scope).toBe("openid email");
  expect(tokens.refresh_token).toBeUndefined();
});

test("with offline_access there is a refresh token", async () => {
  const client = await register(scene());
  const scope = "openid offline_access";
  const tokens = await signInThrough(scene(), client, await scene().signUp(), { scope });
  expect(tokens.scope).toBe(scope);
  expect(tokens.refresh_token).toEqual(expect.any(String));
});

test("the answer with the tokens is kept by no cache, and sets no cookie", async () => {
  const client = await register(scene());
  const { attempt, code } = await obtainCode(scene(), client, await scene().signUp());
  const answer = await post(scene(), "/oauth/token", {
    grant_type: "authorization_code",
    client_id: client.client_id,
    redirect_uri: attempt.redirectUri,
    code,
    code_verifier: attempt.verifier,
  });
  expect(answer.status, answer.text).toBe(200);
  expect(answer.headers["cache-control"]).toBe("no-store");
  expect(answer.headers["content-type"]).toMatch(/^application\/json\b/);
  expect(answer.setCookies).toEqual([]);
  const token = String(readJson(answer).access_token);
  for (const method of ["GET", "POST"]) {
    const headers = { authorization: `Bearer ${token}` };
    const told = await scene().send({ method, path: "/oauth/userinfo", headers });
    expect(told.status, method).toBe(200);
    expect(told.headers["cache-control"], method).toBe("no-store");
  }
});
