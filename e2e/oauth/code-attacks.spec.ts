import type { Answer } from "../attacks/support/http";
import type { Person } from "../attacks/support/target";
import { type Obtained, obtainCode, signInThrough } from "./support/browser";
import { type Client, REDIRECT_URI, register, userInfo } from "./support/client";
import { basic, expectOAuthError, post, readJson } from "./support/endpoints";
import { expect, sceneOfFile, test } from "./support/scene";

/** SECURITY.md, rows PKCE downgrade, code replay, expired and forged code, redirect_uri at the token endpoint. */
const SECOND_URI = "https://app.example/other";
const scene = sceneOfFile();
let client: Client;
let person: Person;
test.beforeAll(async () => {
  client = await register(scene(), { redirectUris: [REDIRECT_URI, SECOND_URI] });
  person = await scene().signUp();
});

const obtain = (scope = "openid email offline_access") => obtainCode(scene(), client, person, { scope });

/** Redeems it by hand; `changes` replace what the client would send, and `undefined` leaves it out. */
function redeemWith(
  { attempt, code }: Obtained,
  changes: Record<string, string | undefined> = {},
): Promise<Answer> {
  const parameters = {
    grant_type: "authorization_code",
    client_id: client.client_id,
    redirect_uri: attempt.redirectUri,
    code,
    code_verifier: attempt.verifier,
    ...changes,
  };
  return post(scene(), "/oauth/token", Object.entries(parameters).filter(isSent));
}

const isSent = (entry: [string, string | undefined]): entry is [string, string] => entry[1] !== undefined;

const isAlive = (answer: Answer): Promise<boolean> =>
  userInfo(scene(), client, String(readJson(answer).access_token), person.userId).then(
    () => true,
    () => false,
  );

test("a verifier that is not the one of the challenge is refused, and the code is still good", async () => {
  const obtained = await obtain();
  const { verifier } = obtained.attempt;
  const rows: [row: string, verifier: string | undefined, error: string[]][] = [
    ["absent", undefined, ["invalid_grant", "invalid_request"]],
    ["empty", "", ["invalid_grant", "invalid_request"]],
    ["another", "x".repeat(43), ["invalid_grant"]],
    ["42 characters", "x".repeat(42), ["invalid_grant", "invalid_request"]],
    ["129 characters", "x".repeat(129), ["invalid_grant", "invalid_request"]],
    ["bad characters", `${verifier.slice(1)}é`, ["invalid_grant", "invalid_request"]],
    ["a space", `${verifier.slice(1)} `, ["invalid_grant", "invalid_request"]],
    ["more after it", `${verifier}A`, ["invalid_grant"]],
    [
      "the challenge itself",
      obtained.attempt.address.searchParams.get("code_challenge") ?? "",
      ["invalid_grant"],
    ],
  ];
  for (const [row, code_verifier, error] of rows)
    expectOAuthError(await redeemWith(obtained, { code_verifier }), 400, error, row);
  expect((await redeemWith(obtained)).status).toBe(200);
});

test("a second valid use is refused and takes back what the first got", async () => {
  const obtained = await obtain();
  const first = await redeemWith(obtained);
  expect(await isAlive(first)).toBe(true);
  expectOAuthError(await redeemWith(obtained), 400, "invalid_grant", "replay");
  expect(await isAlive(first)).toBe(false);
  const refresh_token = String(readJson(first).refresh_token);
  expectOAuthError(
    await post(scene(), "/oauth/token", {
      grant_type: "refresh_token",
      refresh_token,
      client_id: client.client_id,
    }),
    400,
    "invalid_grant",
    "its refresh token",
  );
  const own = await scene().sendAs({ access: person.access }, { path: "/api/auth/session" });
  expect(own.status, "the browser session goes on").toBe(200);
});

test("a replay with a wrong verifier, from another client or for another address takes nothing back", async () => {
  const other = await register(scene(), { redirectUris: [REDIRECT_URI, SECOND_URI] });
  const obtained = await obtain();
  const first = await redeemWith(obtained);
  const rows: Record<string, string | undefined>[] = [
    { code_verifier: "x".repeat(43) },
    { code_verifier: undefined },
    { client_id: other.client_id },
    { redirect_uri: SECOND_URI },
  ];
  for (const changes of rows) {
    const answer = await redeemWith(obtained, changes);
    expectOAuthError(answer, 400, ["invalid_grant", "invalid_request"], JSON.stringify(changes));
    expect(await isAlive(first), JSON.stringify(changes)).toBe(true);
  }
});

test("fifty uses at once: one success, which the others then take back", async () => {
  const obtained = await obtain();
  const answers = await Promise.all(Array.from({ length: 50 }, () => redeemWith(obtained)));
  const successes = answers.filter(({ status }) => status === 200);
  expect(successes).toHaveLength(1);
  for (const answer of answers) {
    // Of so many at once, the last may wait too long for a connection, and are told to try again.
    if (![200, 503].includes(answer.status)) expectOAuthError(answer, 400, "invalid_grant", "parallel");
  }
  const [success] = successes;
  if (success !== undefined) expect(await isAlive(success)).toBe(false);
});

test("a code 61 seconds later is expired", async () => {
  const obtained = await obtain();
  await scene().sql(
    `UPDATE authorization_codes
     SET created_at = created_at - interval '61 s', expires_at = expires_at - interval '61 s'
     WHERE client_id = $1 AND redeemed_at IS NULL`,
    [client.client_id],
  );
  expectOAuthError(await redeemWith(obtained), 400, "invalid_grant", "expired");
  const [kept] = await scene().sql<{ seconds: number }>(
    "SELECT max(extract(epoch FROM expires_at - created_at))::int AS seconds FROM authorization_codes",
  );
  expect(kept?.seconds).toBeLessThanOrEqual(60);
});

test("a forged code, another issuer's, or none", async () => {
  const obtained = await obtain();
  for (const code of [
    "x",
    "A".repeat(43),
    `${obtained.code}A`,
    obtained.code.slice(1),
    "\u0000",
    "x".repeat(20_000),
  ])
    expectOAuthError(
      await redeemWith({ ...obtained, code }),
      400,
      ["invalid_grant", "invalid_request"],
      code.slice(0, 50),
    );
  for (const code of [undefined, ""])
    expectOAuthError(await redeemWith(obtained, { code }), 400, "invalid_request", "none");
  expect((await redeemWith(obtained)).status).toBe(200);
});

test("a code is for one client and one address", async () => {
  const other = await register(scene(), { redirectUris: [REDIRECT_URI, SECOND_URI] });
  const confidential = await register(scene(), {}, "client_secret_basic");
  const obtained = await obtain();
  expectOAuthError(
    await redeemWith(obtained, { client_id: other.client_id }),
    400,
    "invalid_grant",
    "other client",
  );
  for (const redirect_uri of [SECOND_URI, `${REDIRECT_URI}/`, "https://evil.example/"])
    expectOAuthError(await redeemWith(obtained, { redirect_uri }), 400, "invalid_grant", redirect_uri);
  const { attempt, code } = obtained;
  const asConfidential = await post(
    scene(),
    "/oauth/token",
    {
      grant_type: "authorization_code",
      redirect_uri: REDIRECT_URI,
      code,
      code_verifier: attempt.verifier,
    },
    basic(confidential),
  );
  expectOAuthError(asConfidential, 400, "invalid_grant", "a client with a secret");
  const withoutAddress = await redeemWith(obtained, { redirect_uri: undefined });
  expect(withoutAddress.status, "OAuth 2.1 needs none").toBe(200);
});

test("a confidential client must prove who it is to redeem its code", async () => {
  const confidential = await register(scene(), {}, "client_secret_basic");
  const obtained = await obtainCode(scene(), confidential, person);
  expectOAuthError(
    await redeemWith(obtained, { client_id: confidential.client_id }),
    401,
    "invalid_client",
    "no secret",
  );
  expectOAuthError(
    await redeemWith(obtained, { client_id: confidential.client_id, client_secret: "x" }),
    401,
    "invalid_client",
    "wrong secret",
  );
  expectOAuthError(
    await redeemWith(obtained, { client_secret: "x" }),
    401,
    "invalid_client",
    "a public client with a secret",
  );
});

test("a code does not outlive the session in which it was given", async () => {
  const someone = await scene().signUp();
  const obtained = await obtainCode(scene(), client, someone);
  const out = await scene().sendAs(someone, { method: "POST", path: "/api/auth/logout" });
  expect(out.status).toBe(204);
  expectOAuthError(await redeemWith(obtained), 400, "invalid_grant", "signed out");
});

test("the other grants do not exist", async () => {
  await signInThrough(scene(), client, person);
  for (const grant_type of [
    "password",
    "implicit",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "AUTHORIZATION_CODE",
    "x",
  ]) {
    const answer = await post(scene(), "/oauth/token", {
      grant_type,
      client_id: client.client_id,
      username: person.email,
      password: person.password,
    });
    expectOAuthError(answer, 400, "unsupported_grant_type", grant_type);
  }
  for (const grant_type of ["", undefined])
    expectOAuthError(
      await post(
        scene(),
        "/oauth/token",
        Object.entries({ client_id: client.client_id, grant_type }).filter(isSent),
      ),
      400,
      "invalid_request",
      "none",
    );
});
