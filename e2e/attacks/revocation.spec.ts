import { ageSession } from "../support/console";
import { ACCESS_COOKIE, cookieHeader, cookieSet, credentialsSet } from "./support/cookies";
import { createForge } from "./support/forge";
import {
  expectHarmless,
  expectInvalidToken,
  expectProblem,
  expectSignedOut,
  problemOf,
} from "./support/refusals";
import { expect, freshEmail, freshPassword, type Person, targetOfFile, test } from "./support/target";

/** SECURITY.md: whatever ends a session ends it for the very next request, tokens that are still valid included. */
const target = targetOfFile();
let admin: Person;

test.beforeAll(async () => {
  admin = await target().logIn(target().admin);
});

const SESSION = "/api/auth/session";

/** As cookies, as Bearer, through a refresh, and for a write: nothing of an ended session works. */
async function expectEnded(person: Person, row: string): Promise<void> {
  const { send, sendAs } = target();
  expectSignedOut(await sendAs(person, { path: SESSION }), `${row}: cookies`);
  expectInvalidToken(
    await send({ path: SESSION, headers: { authorization: `Bearer ${person.access}` } }),
    `${row}: Bearer`,
  );
  expectSignedOut(await sendAs({ access: person.access }, { path: "/api/sessions" }), `${row}: list`);
  expectSignedOut(
    await sendAs(person, { method: "DELETE", path: "/api/sessions?except=current" }),
    `${row}: write`,
  );
  const refreshed = await sendAs({ refresh: person.refresh }, { method: "POST", path: "/api/auth/refresh" });
  expectProblem(refreshed, 401, `${row}: refresh`, "invalid_refresh_token");
}

async function expectLive(person: Person, row: string): Promise<void> {
  expect((await target().sendAs({ access: person.access }, { path: SESSION })).status, row).toBe(200);
}

const asAdmin = (method: string, path: string, body?: unknown) =>
  target().sendAs(admin, { method, path, body });

test("a session ended by its owner is refused at the next request, and only that one", async () => {
  const ann = await target().signUp();
  const other = await target().logIn(ann);
  await expectLive(other, "before");
  const answer = await target().sendAs(ann, { method: "DELETE", path: `/api/sessions/${other.sessionId}` });
  expect(answer.status).toBe(204);
  await expectEnded(other, "ended by its owner");
  await expectLive(ann, "the one who ended it");
});

test("ending the others ends all of them", async () => {
  const ann = await target().signUp();
  const others = [await target().logIn(ann), await target().logIn(ann), await target().logIn(ann)];
  const answer = await target().sendAs(ann, { method: "DELETE", path: "/api/sessions?except=current" });
  expect(JSON.parse(answer.text)).toEqual({ revoked: 3 });
  for (const other of others) await expectEnded(other, "the others");
  await expectLive(ann, "current");
});

test("DELETE on the whole list without saying what to spare is refused", async () => {
  const ann = await target().signUp();
  for (const query of [
    "",
    "?except=",
    "?except=none",
    "?except=current&except=x",
    "?all=true",
    "?except[]=current",
  ]) {
    expectProblem(
      await target().sendAs(ann, { method: "DELETE", path: `/api/sessions${query}` }),
      [400, 404, 405],
      query,
    );
  }
  await expectLive(ann, "after");
});

test("an administrator ends one, all of a person, and the tokens die with them", async () => {
  const ann = await target().signUp();
  const bob = await target().signUp();
  const bobToo = await target().logIn(bob);
  const revoke = (body: object) =>
    asAdmin("POST", "/api/admin/sessions/revoke", { reason: "attack test", ...body });
  expect(JSON.parse((await revoke({ sessionIds: [ann.sessionId] })).text)).toEqual({ revoked: 1 });
  await expectEnded(ann, "one");
  expect(JSON.parse((await revoke({ userId: bob.userId })).text)).toEqual({ revoked: 2 });
  await expectEnded(bob, "all of a person");
  await expectEnded(bobToo, "all of a person");
});

test("a disabled person's live token is refused at once, and signing in again too, with one and the same answer", async () => {
  const ann = await target().signUp();
  await expectLive(ann, "before");
  expect((await asAdmin("PATCH", `/api/admin/users/${ann.userId}`, { status: "disabled" })).status).toBe(200);
  await expectEnded(ann, "disabled");
  const login = (password: string) =>
    target().send({ path: "/api/auth/login", body: { email: ann.email, password } });
  const right = await login(ann.password);
  const wrong = await login(freshPassword());
  expectProblem(right, 401, "sign in while disabled", "invalid_credentials");
  expect({ ...problemOf(right), requestId: "" }).toEqual({ ...problemOf(wrong), requestId: "" });
  expect((await asAdmin("PATCH", `/api/admin/users/${ann.userId}`, { status: "active" })).status).toBe(200);
  await expectEnded(ann, "enabled again: what was ended stays ended");
});

test("an administrator who is made a user loses the power with the next request", async () => {
  const ann = await target().signUp();
  expect((await asAdmin("PATCH", `/api/admin/users/${ann.userId}`, { role: "admin" })).status).toBe(200);
  const promoted = await target().logIn(ann);
  expect((await target().sendAs(promoted, { path: "/api/admin/users" })).status).toBe(200);
  expect((await asAdmin("PATCH", `/api/admin/users/${ann.userId}`, { role: "user" })).status).toBe(200);
  const answer = await target().sendAs(promoted, { path: "/api/admin/users" });
  expect([401, 403]).toContain(answer.status);
  const renewed = await target().sendAs({ refresh: promoted.refresh }, { path: "/api/admin/users" });
  expect([401, 403]).toContain(renewed.status);
});

test("a password change ends the other four, and the one that made it goes on under a new id", async () => {
  const ann = await target().signUp();
  const others = [];
  for (let count = 0; count < 4; count += 1) others.push(await target().logIn(ann));
  const newPassword = freshPassword();
  const answer = await target().sendAs(ann, {
    path: "/api/auth/password",
    body: { currentPassword: ann.password, newPassword },
  });
  expect(answer.status).toBe(204);
  for (const other of others) await expectEnded(other, "another session");
  const issued = credentialsSet(answer);
  const current = await target().sendAs(issued, { path: SESSION });
  expect(current.status).toBe(200);
  expect(JSON.parse(current.text).session.id).not.toBe(ann.sessionId);
  await expectEnded(ann, "the old id of the current session");
  expectProblem(
    await target().send({ path: "/api/auth/login", body: { email: ann.email, password: ann.password } }),
    401,
    "old password",
    "invalid_credentials",
  );
  await target().logIn({ email: ann.email, password: newPassword });
});

test("a password change needs the current password, and a refused one ends nothing", async () => {
  const ann = await target().signUp();
  const other = await target().logIn(ann);
  const change = (body: unknown) => target().sendAs(ann, { path: "/api/auth/password", body });
  const rows: [string, unknown][] = [
    ["wrong", { currentPassword: freshPassword(), newPassword: freshPassword() }],
    ["absent", { newPassword: freshPassword() }],
    ["empty", { currentPassword: "", newPassword: freshPassword() }],
    ["null", { currentPassword: null, newPassword: freshPassword() }],
    ["new one too short", { currentPassword: ann.password, newPassword: "short" }],
    ["new one common", { currentPassword: ann.password, newPassword: "password1234567" }],
    ["new one is the address", { currentPassword: ann.password, newPassword: ann.email }],
    [
      "somebody else's",
      { currentPassword: ann.password, newPassword: freshPassword(), userId: admin.userId },
    ],
  ];
  for (const [row, body] of rows) expectProblem(await change(body), [400, 401, 403, 422], row);
  await expectLive(ann, "after refused changes");
  await expectLive(other, "after refused changes");
});

test("one access token can be denied, by its text or by its jti", async () => {
  const forge = await createForge(target(), admin.access);
  const ann = await target().signUp();
  const byText = await asAdmin("POST", "/api/admin/tokens/revoke", { token: ann.access });
  expect(byText.status).toBe(204);
  const bearer = (token: string) =>
    target().send({ path: SESSION, headers: { authorization: `Bearer ${token}` } });
  expectInvalidToken(await bearer(ann.access), "denied by its text");
  const renewed = await target().sendAs(
    { refresh: ann.refresh },
    { method: "POST", path: "/api/auth/refresh" },
  );
  expect(renewed.status, "the session itself goes on").toBe(200);

  const bob = await target().signUp();
  const { jti, exp } = JSON.parse(Buffer.from(bob.access.split(".")[1] ?? "", "base64url").toString());
  expect((await bearer(bob.access)).status, "in the cache of verified tokens").toBe(200);
  const expiresAt = new Date(exp * 1000).toISOString();
  expect((await asAdmin("POST", "/api/admin/tokens/revoke", { jti, expiresAt })).status).toBe(204);
  expectInvalidToken(await bearer(bob.access), "denied by its jti");
  const sameJti = forge.withClaims({
    jti,
    sid: bob.sessionId,
    sub: bob.userId,
    role: "user",
    nonce: "other text",
  });
  expectInvalidToken(await bearer(sameJti), "another text with the same jti");
});

test("what cannot be denied is a clear error", async () => {
  const bodies: unknown[] = [
    {},
    { token: "" },
    { token: "x" },
    { token: "a.b.c" },
    { token: `${admin.access}\n` },
    { token: `${admin.access}=` },
    { token: admin.refresh },
    { token: null },
    { token: [admin.access] },
    { token: "x".repeat(60_000) },
    { jti: "x" },
    { jti: "", expiresAt: "2099-01-01T00:00:00Z" },
    { jti: "x".repeat(10_000), expiresAt: "2099-01-01T00:00:00Z" },
    { jti: "x\u0000y", expiresAt: "2099-01-01T00:00:00Z" },
    { jti: "x", expiresAt: "tomorrow" },
    { jti: "x", expiresAt: 1e308 },
    { jti: "x", expiresAt: "+275760-09-13T00:00:00.001Z" },
    { token: admin.access, jti: "x", expiresAt: "2099-01-01T00:00:00Z" },
  ];
  for (const body of bodies) {
    const answer = await asAdmin("POST", "/api/admin/tokens/revoke", body);
    expectProblem(answer, [400, 422], JSON.stringify(body).slice(0, 60));
  }
  await expectLive(admin, "the administrator");
});

test("nobody ends, reads or counts what is not theirs (IDOR)", async () => {
  const ann = await target().signUp();
  const eve = await target().signUp();
  const asEve = (method: string, path: string, body?: unknown) =>
    target().sendAs(eve, { method, path, body });
  const absent = await asEve("DELETE", "/api/sessions/AAAAAAAAAAAAAAAAAAAAAA");
  expectProblem(absent, 404, "absent");
  const foreign = await asEve("DELETE", `/api/sessions/${ann.sessionId}`);
  expect({ ...problemOf(foreign), requestId: "" }).toEqual({ ...problemOf(absent), requestId: "" });
  const ids = [
    ann.userId,
    "00000000-0000-4000-8000-000000000000",
    `${ann.sessionId}%00`,
    "%00",
    "%ff",
    "%27%20OR%201=1--",
    "..%2fsessions%2f",
    "__proto__",
    "current",
    "*",
    "x".repeat(5_000),
    `${eve.sessionId},${ann.sessionId}`,
  ];
  for (const id of ids)
    expectProblem(await asEve("DELETE", `/api/sessions/${id}`), [400, 404], `id ${id.slice(0, 40)}`);
  const list = await asEve("GET", `/api/sessions?userId=${ann.userId}`);
  expect(list.text).not.toContain(ann.sessionId);
  await expectLive(ann, "after all attempts");
  await expectLive(eve, "after all attempts");
});

test("the administrator's API is closed to everybody else, whatever the method and body", async () => {
  const ann = await target().signUp();
  const calls: [string, string, unknown?][] = [
    ["GET", "/api/admin/users"],
    ["POST", "/api/admin/users", { email: freshEmail() }],
    ["PATCH", `/api/admin/users/${ann.userId}`, { role: "admin" }],
    ["PATCH", `/api/admin/users/${admin.userId}`, { status: "disabled" }],
    ["POST", `/api/admin/users/${admin.userId}/link`, {}],
    ["GET", "/api/admin/sessions"],
    ["POST", "/api/admin/sessions/revoke", { all: true, reason: "x" }],
    ["POST", "/api/admin/sessions/revoke", { sessionIds: [admin.sessionId], reason: "x" }],
    ["POST", "/api/admin/tokens/revoke", { token: admin.access }],
  ];
  for (const [method, path, body] of calls) {
    expectProblem(await target().sendAs(ann, { method, path, body }), 403, `${method} ${path} as a user`);
    const stranger = await target().send({ method, path, body, headers: { origin: target().origin } });
    expectProblem(stranger, 401, `${method} ${path} as a stranger`);
  }
  await expectLive(admin, "the administrator");
});

test("a change of role needs a fresh sign-in", async () => {
  const someone = await target().signUp();
  const stale = await target().logIn(target().admin);
  await ageSession(target().running.databaseUrl, stale.sessionId);
  const renewed = await target().sendAs(
    { refresh: stale.refresh },
    { method: "POST", path: "/api/auth/refresh" },
  );
  const promote = { method: "PATCH", path: `/api/admin/users/${someone.userId}`, body: { role: "admin" } };
  expectProblem(
    await target().sendAs(credentialsSet(renewed), promote),
    403,
    "stale",
    "reauthentication_required",
  );
  const role = await target().sql<{ role: string }>("SELECT role FROM users WHERE id = $1", [someone.userId]);
  expect(role).toEqual([{ role: "user" }]);
});

test("lists show ids and places, and never a secret", async () => {
  const ann = await target().signUp();
  const own = await target().sendAs(ann, { path: "/api/sessions" });
  const all = await asAdmin("GET", "/api/admin/sessions");
  const people = await asAdmin("GET", "/api/admin/users");
  for (const answer of [own, all, people]) {
    expect(answer.status).toBe(200);
    expectHarmless(answer, "list");
    expect(answer.text).not.toMatch(/"[^"]*(hash|secret|salt|password|refresh|generation|mac)[^"]*":/i);
    for (const secret of [ann.access, ann.refresh, ann.password]) expect(answer.text).not.toContain(secret);
  }
});

test("ending everybody's sessions ends the administrator's too, or spares only that one", async () => {
  const ann = await target().signUp();
  const again = await target().logIn(target().admin);
  const answer = await target().sendAs(again, {
    path: "/api/admin/sessions/revoke",
    body: { all: true, reason: "attack test" },
  });
  expect(answer.status).toBe(200);
  await expectEnded(ann, "everybody");
  await expectEnded(admin, "another session of the administrator");
  expect(cookieSet(answer, ACCESS_COOKIE) || null).toBeNull();
  const own = await target().send({
    path: SESSION,
    headers: { cookie: cookieHeader({ access: again.access }) },
  });
  expect([200, 401]).toContain(own.status);
  admin = await target().logIn(target().admin);
});
