import { cookieHeader } from "../attacks/support/cookies";
import type { Person } from "../attacks/support/target";
import { letIn, locationOf, signInThrough, visit } from "./support/browser";
import { begin, type Client, register, userInfo } from "./support/client";
import { post } from "./support/endpoints";
import { callAsAdministrator, expect, sceneOfFile, test } from "./support/scene";

/** What a person has let a client do ends with what it was given in, and when anybody takes it back. */
const scene = sceneOfFile();
const SCOPES = { online: "openid email", offline: "openid email offline_access" };
type Kind = keyof typeof SCOPES;

interface Connected {
  client: Client;
  person: Person;
  tokens: Record<Kind, { access: string; refresh: string }>;
}

/** A person with two clients: one is let in for as long as they are signed in, the other for longer. */
async function connect(): Promise<Connected> {
  const person = await scene().signUp();
  const client = await register(scene());
  const signInFor = async (kind: Kind) => {
    const tokens = await signInThrough(scene(), client, person, { scope: SCOPES[kind] });
    return { access: tokens.access_token, refresh: tokens.refresh_token ?? "" };
  };
  const tokens = { online: await signInFor("online"), offline: await signInFor("offline") };
  expect(tokens.online.refresh).toBe("");
  return { client, person, tokens };
}

async function isAlive({ client, person, tokens }: Connected, kind: Kind): Promise<boolean> {
  return userInfo(scene(), client, tokens[kind].access, person.userId).then(
    () => true,
    () => false,
  );
}

/** 401: the client itself is gone. */
async function refreshStatus({ client, tokens }: Connected): Promise<number> {
  const answer = await post(scene(), "/oauth/token", {
    grant_type: "refresh_token",
    client_id: client.client_id,
    refresh_token: tokens.offline.refresh,
  });
  return answer.status;
}

async function expectBothAlive(connected: Connected): Promise<void> {
  expect([await isAlive(connected, "online"), await isAlive(connected, "offline")]).toEqual([true, true]);
}

async function expectBothEnded(connected: Connected): Promise<void> {
  expect([await isAlive(connected, "online"), await isAlive(connected, "offline")]).toEqual([false, false]);
  expect([400, 401]).toContain(await refreshStatus(connected));
}

async function call(person: Person, method: string, path: string, body?: object): Promise<void> {
  const answer = await scene().sendAs(person, { method, path, body });
  expect([200, 204], `${method} ${path}: ${answer.text}`).toContain(answer.status);
}

const asAdministrator = (method: string, path: string, body: object) =>
  callAsAdministrator(scene(), method, path, body);

test("signing out ends what was for the time of the session, and leaves what was for longer", async () => {
  const connected = await connect();
  await expectBothAlive(connected);
  await call(connected.person, "POST", "/api/auth/logout");
  expect(await isAlive(connected, "online")).toBe(false);
  expect(await isAlive(connected, "offline")).toBe(true);
  expect(await refreshStatus(connected)).toBe(200);
});

test("a sign-in that brings a client's refresh token as a browser's replaces nothing", async () => {
  const connected = await connect();
  const cookie = cookieHeader({ refresh: connected.tokens.offline.refresh });
  const { email, password } = connected.person;
  await scene().logIn({ email, password }, { cookie });
  await expectBothAlive(connected);
  expect(await refreshStatus(connected)).toBe(200);
});

/** What takes a session back, and thereby all that was given in it. */
const TAKING_BACK: [what: string, act: (connected: Connected) => Promise<unknown>][] = [
  [
    "the person ends the session",
    ({ person }) => call(person, "DELETE", `/api/sessions/${person.sessionId}`),
  ],
  [
    "the person ends it from another",
    async ({ person }) => call(await scene().logIn(person), "DELETE", "/api/sessions?except=current"),
  ],
  [
    "an administrator ends the session",
    ({ person }) =>
      asAdministrator("POST", "/api/admin/sessions/revoke", {
        sessionIds: [person.sessionId],
        reason: "test",
      }),
  ],
  [
    "an administrator ends all of the person",
    ({ person }) =>
      asAdministrator("POST", "/api/admin/sessions/revoke", { userId: person.userId, reason: "test" }),
  ],
  [
    "the account is disabled",
    ({ person }) => asAdministrator("PATCH", `/api/admin/users/${person.userId}`, { status: "disabled" }),
  ],
  [
    "the role changes",
    ({ person }) => asAdministrator("PATCH", `/api/admin/users/${person.userId}`, { role: "admin" }),
  ],
  [
    "the password changes, in another browser",
    async ({ person }) =>
      call(await scene().logIn(person), "POST", "/api/auth/password", {
        currentPassword: person.password,
        newPassword: `${person.password} and more`,
      }),
  ],
  [
    "the password changes, in this browser",
    ({ person }) =>
      call(person, "POST", "/api/auth/password", {
        currentPassword: person.password,
        newPassword: `${person.password} and more`,
      }),
  ],
  [
    "the app is disconnected",
    async ({ person, client }) => call(person, "DELETE", `/api/apps/${client.client_id}`),
  ],
  [
    "an administrator takes the client's tokens back",
    ({ client }) =>
      asAdministrator("POST", `/api/admin/clients/${client.client_id}/revoke`, { reason: "test" }),
  ],
  [
    "the client is removed",
    ({ client }) => asAdministrator("DELETE", `/api/admin/clients/${client.client_id}`, {}),
  ],
];

for (const [what, act] of TAKING_BACK) {
  test(`all ends when ${what}`, async () => {
    const connected = await connect();
    await expectBothAlive(connected);
    await act(connected);
    await expectBothEnded(connected);
  });
}

test("a refresh cookie that is used again ends what was given in its session", async () => {
  const connected = await connect();
  const { person } = connected;
  await scene().sendAs({ refresh: person.refresh }, { method: "POST", path: "/api/auth/refresh" });
  await scene().sendAs({ refresh: person.refresh }, { method: "POST", path: "/api/auth/refresh" });
  await scene().sql("UPDATE sessions SET generation = generation + 2 WHERE id = $1", [person.sessionId]);
  const answer = await scene().sendAs(
    { refresh: person.refresh },
    { method: "POST", path: "/api/auth/refresh" },
  );
  expect(answer.status).toBe(401);
  await expectBothEnded(connected);
});

test("what was given for the time of a session does not outlive it", async () => {
  const person = await scene().signUp();
  const client = await register(scene());
  await scene().sql(
    "UPDATE sessions SET idle_expires_at = now() + interval '90 s', expires_at = now() + interval '90 s' WHERE id = $1",
    [person.sessionId],
  );
  const tokens = await signInThrough(scene(), client, person, { scope: SCOPES.online });
  expect(tokens.expires_in).toBeLessThanOrEqual(90);
  await scene().sql(
    "UPDATE sessions SET created_at = now() - interval '1 h', idle_expires_at = now() - interval '1 s', expires_at = now() - interval '1 s' WHERE user_id = $1",
    [person.userId],
  );
  const connected = { client, person, tokens: { online: { access: tokens.access_token, refresh: "" } } };
  expect(await isAlive(connected as Connected, "online")).toBe(false);
});

test("another sign-in in the same browser takes over what was let in", async () => {
  const connected = await connect();
  const { person } = connected;
  const again = await scene().logIn(person, { cookie: cookieHeader(person) });
  expect(again.sessionId).not.toBe(person.sessionId);
  expect(await isAlive(connected, "offline")).toBe(true);
  await call(again, "DELETE", `/api/sessions/${again.sessionId}`);
  await expectBothEnded(connected);
});

const FORGETTING = TAKING_BACK.filter(([what]) => /disconnected|takes the client's tokens back/.test(what));

for (const [what, act] of FORGETTING) {
  test(`consent is asked for again after ${what}`, async () => {
    const connected = await connect();
    const { person, client } = connected;
    const path = async () => {
      const { address } = await begin(scene(), client);
      return locationOf(scene(), await visit(scene(), person, address)).pathname;
    };
    expect(await path()).toBe("/callback");
    await act(connected);
    expect(await path()).toBe("/oauth/consent");
  });
}

test("a client that is narrowed gives no more than it may now", async () => {
  const { client, person } = await connect();
  await asAdministrator("PATCH", `/api/admin/clients/${client.client_id}`, { scope: "openid" });
  const { address } = await begin(scene(), client, { scope: "openid email" });
  const refused = await letIn(scene(), person, address);
  expect(refused.searchParams.get("error")).toBe("invalid_scope");
});
