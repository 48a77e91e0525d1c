import * as oauth from "oauth4webapi";
import { type Client, DEVICE_CODE, register, userInfo } from "./support/client";
import { answerDevice } from "./support/device-page";
import { expectOAuthError, post } from "./support/endpoints";
import { ANYWHERE, expect, sceneOfFile, test } from "./support/scene";

/** A program without a browser: RFC 8628, as oauth4webapi does it. The pages are in `journeys/device.spec.ts`. */
const scene = sceneOfFile();

const registerDevice = () => register(scene(), { grantTypes: [DEVICE_CODE] });

async function start(client: Client, parameters: Record<string, string> = { scope: "openid email" }) {
  const { server } = scene();
  const response = await oauth.deviceAuthorizationRequest(
    server,
    client.library,
    client.authentication,
    parameters,
    ANYWHERE,
  );
  return oauth.processDeviceAuthorizationResponse(server, client.library, response);
}

async function poll(client: Client, deviceCode: string): Promise<oauth.TokenEndpointResponse> {
  const { server } = scene();
  const response = await oauth.deviceCodeGrantRequest(
    server,
    client.library,
    client.authentication,
    deviceCode,
    ANYWHERE,
  );
  return oauth.processDeviceCodeResponse(server, client.library, response);
}

const errorOf = (polled: Promise<unknown>): Promise<unknown> =>
  polled.then(
    () => "tokens",
    (error) => error.error ?? error,
  );

/** As when the interval has passed since the device asked last. */
const passInterval = () =>
  scene().sql("UPDATE device_authorizations SET polled_at = now() - interval '60 s'");

/** As when it has asked this very moment, however long the test has taken. */
const askedJustNow = () =>
  scene().sql("UPDATE device_authorizations SET polled_at = now() + interval '60 s'");

test("the device waits, is let in, and has its tokens once", async () => {
  const client = await registerDevice();
  const person = await scene().signUp();
  const started = await start(client, { scope: "openid email offline_access" });
  expect(started).toEqual({
    device_code: expect.any(String),
    user_code: expect.stringMatching(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/),
    verification_uri: `${scene().origin}/device`,
    verification_uri_complete: `${scene().origin}/device?user_code=${started.user_code}`,
    expires_in: 600,
    interval: 5,
  });
  expect(await errorOf(poll(client, started.device_code))).toBe("authorization_pending");
  await answerDevice(scene(), person, started.user_code, "allow");
  await passInterval();
  const tokens = await poll(client, started.device_code);
  expect(tokens).toMatchObject({
    token_type: "bearer",
    scope: "openid email offline_access",
    refresh_token: expect.any(String),
    id_token: expect.any(String),
  });
  expect((await userInfo(scene(), client, tokens.access_token, person.userId)).email).toBe(person.email);
  await passInterval();
  expect(await errorOf(poll(client, started.device_code))).toBe("invalid_grant");
});

test("a denied device learns it", async () => {
  const client = await registerDevice();
  const { device_code, user_code } = await start(client);
  await answerDevice(scene(), await scene().signUp(), user_code, "deny");
  expect(await errorOf(poll(client, device_code))).toBe("access_denied");
});

test("whoever polls too fast is told to slow down", async () => {
  const client = await registerDevice();
  const { device_code } = await start(client);
  expect(await errorOf(poll(client, device_code))).toBe("authorization_pending");
  await askedJustNow();
  expect(await errorOf(poll(client, device_code))).toBe("slow_down");
  await passInterval();
  expect(await errorOf(poll(client, device_code))).toBe("authorization_pending");
});

test("a code whose time has passed is expired", async () => {
  const client = await registerDevice();
  const { device_code } = await start(client);
  await scene().sql(
    "UPDATE device_authorizations SET created_at = now() - interval '700 s', expires_at = now() - interval '100 s' WHERE client_id = $1",
    [client.client_id],
  );
  expect(await errorOf(poll(client, device_code))).toBe("expired_token");
});

test("fifty polls at once after the answer: one has the tokens", async () => {
  const client = await registerDevice();
  const { device_code, user_code } = await start(client);
  await answerDevice(scene(), await scene().signUp(), user_code, "allow");
  await passInterval();
  const polls = await Promise.all(
    Array.from({ length: 50 }, () =>
      post(scene(), "/oauth/token", {
        grant_type: DEVICE_CODE,
        device_code,
        client_id: client.client_id,
      }),
    ),
  );
  expect(polls.filter(({ status }) => status === 200)).toHaveLength(1);
});

test("a code is another client's, forged or absent", async () => {
  const client = await registerDevice();
  const { device_code } = await start(client);
  const other = await registerDevice();
  expect(await errorOf(poll(other, device_code))).toBe("invalid_grant");
  expect(await errorOf(poll(client, "A".repeat(43)))).toBe("invalid_grant");
  const without = { grant_type: DEVICE_CODE, client_id: client.client_id };
  expectOAuthError(await post(scene(), "/oauth/token", without), 400, "invalid_request", "none");
  expect(await errorOf(poll(client, device_code))).toBe("authorization_pending");
});

test("a client that is not registered for it, or asks for too much, gets no code", async () => {
  const browserClient = await register(scene());
  const device = await registerDevice();
  const ask = (parameters: Record<string, string>) =>
    post(scene(), "/oauth/device_authorization", parameters);
  const { client_id } = device;
  expectOAuthError(
    await ask({ client_id: browserClient.client_id }),
    400,
    "unauthorized_client",
    "not for devices",
  );
  expectOAuthError(await ask({ client_id, scope: "admin" }), 400, "invalid_scope", "scope");
  expectOAuthError(await ask({ client_id, resource: scene().origin }), 400, "invalid_target", "resource");
  expectOAuthError(await ask({ client_id: `client_${"A".repeat(22)}` }), 401, "invalid_client", "nobody");
  expectOAuthError(await ask({}), 401, "invalid_client", "no client at all");
});
