import { calculateJwkThumbprint, decodeJwt, exportJWK } from "jose";
import * as oauth from "oauth4webapi";
import { type Obtained, obtainCode } from "./support/browser";
import { type Client, redeem, refresh, register, userInfo } from "./support/client";
import { expect, sceneOfFile, test } from "./support/scene";

/** Tokens that are bound to a key of the client's: RFC 9449, as oauth4webapi does it. */
const scene = sceneOfFile();
const OFFLINE = { scope: "openid email offline_access" };

async function createHandle(client: Client) {
  const keys = await oauth.generateKeyPair("ES256");
  return { keys, handle: oauth.DPoP(client.library, keys) };
}

/** Asks once without the server's nonce, is told it, and asks again. */
async function withNonce<Result>(ask: () => Promise<Result>): Promise<Result> {
  const refused = await ask().then(
    () => null,
    (error) => error,
  );
  expect(oauth.isDPoPNonceError(refused), String(refused)).toBe(true);
  return ask();
}

async function boundTokens(client: Client, dpop: oauth.DPoPHandle) {
  const person = await scene().signUp();
  const { attempt, callback } = await obtainCode(scene(), client, person, OFFLINE);
  const tokens = await withNonce(() => redeem(scene(), client, attempt, callback, { DPoP: dpop }));
  return { person, tokens, refreshToken: tokens.refresh_token ?? "" };
}

for (const authentication of ["none", "client_secret_basic"] as const) {
  test(`${authentication}: the token is bound, and is used with proofs`, async () => {
    const client = await register(scene(), { requiresDpop: true }, authentication);
    const { keys, handle } = await createHandle(client);
    const { person, tokens } = await boundTokens(client, handle);
    expect(tokens.token_type).toBe("dpop");
    const jkt = await calculateJwkThumbprint(await exportJWK(keys.publicKey));
    expect(decodeJwt(tokens.access_token).cnf).toEqual({ jkt });
    const told = await userInfo(scene(), client, tokens.access_token, person.userId, { DPoP: handle });
    expect(told.email).toBe(person.email);
    await expect(userInfo(scene(), client, tokens.access_token, person.userId)).rejects.toThrow();
    const other = await createHandle(client);
    await expect(
      userInfo(scene(), client, tokens.access_token, person.userId, { DPoP: other.handle }),
    ).rejects.toThrow();
  });
}

test("a client that need not may bind its tokens too, and a token that is not bound is no DPoP token", async () => {
  const client = await register(scene());
  const { handle } = await createHandle(client);
  const { tokens } = await boundTokens(client, handle);
  expect(tokens.token_type).toBe("dpop");
  const person = await scene().signUp();
  const { attempt, callback } = await obtainCode(scene(), client, person);
  const plain = await redeem(scene(), client, attempt, callback);
  expect(plain.token_type).toBe("bearer");
  await expect(
    userInfo(scene(), client, plain.access_token, person.userId, { DPoP: handle }),
  ).rejects.toThrow();
});

test("a client that must is given nothing without a proof", async () => {
  const client = await register(scene(), { requiresDpop: true });
  const { attempt, callback } = await obtainCode(scene(), client, await scene().signUp());
  await expect(redeem(scene(), client, attempt, callback)).rejects.toMatchObject({
    error: "invalid_dpop_proof",
  });
  const { handle } = await createHandle(client);
  await withNonce(() => redeem(scene(), client, attempt, callback, { DPoP: handle }));
});

test("the refresh token of a public client is bound to the key", async () => {
  const client = await register(scene(), { requiresDpop: true });
  const { handle } = await createHandle(client);
  const { refreshToken } = await boundTokens(client, handle);
  const thief = await createHandle(client);
  await expect(
    withNonce(() => refresh(scene(), client, refreshToken, { DPoP: thief.handle })),
  ).rejects.toMatchObject({
    error: "invalid_grant",
  });
  await expect(refresh(scene(), client, refreshToken)).rejects.toThrow();
  const next = await refresh(scene(), client, refreshToken, { DPoP: handle });
  expect(next.token_type).toBe("dpop");
  await refresh(scene(), client, next.refresh_token ?? "", { DPoP: handle });
});

test("a code that was asked for with dpop_jkt is redeemed with that key alone", async () => {
  const client = await register(scene());
  const { keys, handle } = await createHandle(client);
  const dpop_jkt = await calculateJwkThumbprint(await exportJWK(keys.publicKey));
  const { attempt, callback }: Obtained = await obtainCode(scene(), client, await scene().signUp(), {
    dpop_jkt,
  });
  const other = await createHandle(client);
  await expect(
    withNonce(() => redeem(scene(), client, attempt, callback, { DPoP: other.handle })),
  ).rejects.toMatchObject({ error: "invalid_grant" });
  await expect(redeem(scene(), client, attempt, callback)).rejects.toThrow();
  await withNonce(() => redeem(scene(), client, attempt, callback, { DPoP: handle }));
});
