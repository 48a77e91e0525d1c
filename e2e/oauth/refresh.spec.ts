import { signInThrough } from "./support/browser";
import {
  AUTHENTICATIONS,
  type Authentication,
  type Client,
  refresh,
  register,
  userInfo,
} from "./support/client";
import { basic, expectOAuthError, post, readJson } from "./support/endpoints";
import { expect, sceneOfFile, test } from "./support/scene";

/** Refresh tokens of clients: the acknowledged rotation of the cookies, at the token endpoint (RFC 6749 section 6). */
const scene = sceneOfFile();
const OFFLINE = { scope: "openid email offline_access" };

async function signedIn(authentication: Authentication = "none") {
  const client = await register(scene(), {}, authentication);
  const person = await scene().signUp();
  const tokens = await signInThrough(scene(), client, person, OFFLINE);
  return { client, person, tokens, refreshToken: tokens.refresh_token ?? "" };
}

const present = ({ client_id }: Client, refresh_token: string, more: Record<string, string> = {}) =>
  post(scene(), "/oauth/token", { grant_type: "refresh_token", client_id, refresh_token, ...more });

const inUse = async (client: Client, accessToken: string, subject: string): Promise<boolean> =>
  userInfo(scene(), client, accessToken, subject).then(
    () => true,
    () => false,
  );

/** Past the time in which the token of one generation before is given its successor again. */
const passOverlap = (userId: string) =>
  scene().sql(
    `UPDATE sessions SET rotated_at = rotated_at - interval '31 s', acknowledged_at = acknowledged_at - interval '31 s'
     WHERE user_id = $1 AND client_id IS NOT NULL`,
    [userId],
  );

for (const authentication of AUTHENTICATIONS) {
  test(`${authentication}: each refresh gives the next token, for the same person and scope`, async () => {
    const { client, person, tokens, refreshToken } = await signedIn(authentication);
    const second = await refresh(scene(), client, refreshToken);
    expect(second.refresh_token).not.toBe(refreshToken);
    expect(second.scope).toBe(tokens.scope);
    expect(await inUse(client, second.access_token, person.userId)).toBe(true);
    const third = await refresh(scene(), client, second.refresh_token ?? "");
    expect(await inUse(client, third.access_token, person.userId)).toBe(true);
  });
}

test("fifty at once get the same successor", async () => {
  const { client, refreshToken } = await signedIn();
  const answers = await Promise.all(Array.from({ length: 50 }, () => present(client, refreshToken)));
  // Of so many at once, the last may wait too long for a connection, and are told to try again.
  const served = answers.filter(({ status }) => status !== 503);
  expect(new Set(served.map(({ status }) => status))).toEqual(new Set([200]));
  const successors = new Set(served.map((answer) => readJson(answer).refresh_token));
  expect(successors.size).toBe(1);
  await refresh(scene(), client, String([...successors][0]));
});

test("an answer that was lost is asked for again, also later", async () => {
  const { client, person, refreshToken } = await signedIn();
  const lost = await refresh(scene(), client, refreshToken);
  await passOverlap(person.userId);
  const again = await refresh(scene(), client, refreshToken);
  expect(again.refresh_token).toBe(lost.refresh_token);
  await refresh(scene(), client, again.refresh_token ?? "");
});

test("a token that was replaced and comes back ends the grant", async () => {
  const { client, person, refreshToken } = await signedIn();
  const second = await refresh(scene(), client, refreshToken);
  expect(await inUse(client, second.access_token, person.userId)).toBe(true);
  await passOverlap(person.userId);
  expectOAuthError(await present(client, refreshToken), 400, "invalid_grant", "reuse");
  expectOAuthError(await present(client, second.refresh_token ?? ""), 400, "invalid_grant", "its successor");
  expect(await inUse(client, second.access_token, person.userId)).toBe(false);
  const [row] = await scene().sql<{ end_reason: string }>(
    "SELECT end_reason FROM sessions WHERE user_id = $1 AND client_id IS NOT NULL",
    [person.userId],
  );
  expect(row?.end_reason).toBe("refresh_token_reuse");
  const own = await scene().sendAs({ access: person.access }, { path: "/api/auth/session" });
  expect(own.status, "the browser session goes on").toBe(200);
});

test("the scope may be narrowed for one access token, and is never widened", async () => {
  const { client, refreshToken } = await signedIn();
  const narrowed = await present(client, refreshToken, { scope: "openid" });
  expect(readJson(narrowed)).toMatchObject({ scope: "openid" });
  const next = String(readJson(narrowed).refresh_token);
  const full = await present(client, next);
  expect(readJson(full)).toMatchObject({ scope: OFFLINE.scope });
  const last = String(readJson(full).refresh_token);
  for (const scope of ["openid email offline_access profile", "admin", "x".repeat(10_240)]) {
    expectOAuthError(await present(client, last, { scope }), 400, "invalid_scope", scope.slice(0, 60));
  }
  expect((await present(client, last)).status, "a refusal costs nothing").toBe(200);
});

test("what is no refresh token of this client is refused, and harms nobody", async () => {
  const { client, person, tokens, refreshToken } = await signedIn();
  const other = await register(scene());
  const confidential = await register(scene(), {}, "client_secret_basic");
  const rows: [string, Client, string][] = [
    ["another client", other, refreshToken],
    ["the access token", client, tokens.access_token],
    ["the ID token", client, tokens.id_token ?? ""],
    ["the refresh cookie of a browser", client, person.refresh],
    ["random", client, "A".repeat(112)],
    ["text", client, "\u0000é"],
    ["long", client, "A".repeat(20_000)],
  ];
  for (const [row, who, token] of rows)
    expectOAuthError(await present(who, token), 400, ["invalid_grant", "invalid_request"], row);
  const asConfidential = { grant_type: "refresh_token", refresh_token: refreshToken };
  expectOAuthError(
    await post(scene(), "/oauth/token", asConfidential, basic(confidential)),
    400,
    "invalid_grant",
    "a confidential client",
  );
  expectOAuthError(
    await post(scene(), "/oauth/token", { grant_type: "refresh_token", client_id: client.client_id }),
    400,
    "invalid_request",
    "none",
  );
  await refresh(scene(), client, refreshToken);
  const own = await scene().sendAs(
    { refresh: person.refresh },
    { method: "POST", path: "/api/auth/refresh" },
  );
  expect(own.status, "the browser's own refresh").toBe(200);
});
