import { expect, test } from "playwright/test";
import { cookieHeader, cookieSet, credentialsSet, REFRESH_COOKIE } from "./support/cookies";
import type { Answer } from "./support/http";
import { readForm, submitForm } from "./support/page-forms";
import { expectHarmless, expectProblem, expectSignedOut } from "./support/refusals";
import { freshEmail, freshPassword, type Person, targetOfFile } from "./support/target";

/** SECURITY.md, "reset token", and the issue: one hour, single use, hashed at rest, and using it ends the sessions. */
const target = targetOfFile({ SIGNUP: "invite" });
let admin: Person;

test.beforeAll(async () => {
  admin = await target().logIn(target().admin);
});

async function invite(email = freshEmail()): Promise<{ email: string; userId: string; path: string }> {
  const answer = await target().sendAs(admin, { path: "/api/admin/users", body: { email } });
  const { user, link }: { user: { id: string }; link: { url: string } } = JSON.parse(answer.text);
  return { email, userId: user.id, path: link.url.slice(target().origin.length) };
}

async function resetLink(userId: string): Promise<string> {
  const answer = await target().sendAs(admin, { method: "POST", path: `/api/admin/users/${userId}/link` });
  expect([200, 201], answer.text).toContain(answer.status);
  const { link }: { link: { url: string } } = JSON.parse(answer.text);
  return link.url.slice(target().origin.length);
}

/** Chooses a password at a link: every password field of the page gets it. */
async function choose(path: string, password: string): Promise<Answer> {
  const form = await readForm(target(), path);
  const fields = [...form.fields.keys()].filter((name) => /password/i.test(name));
  return submitForm(target(), form, Object.fromEntries(fields.map((name) => [name, password])));
}

const isUsable = async (path: string): Promise<boolean> => {
  const page = await target().send({ path });
  expectHarmless(page, path.split("?")[0] ?? "");
  return /type="password"/.test(page.text);
};

async function member(): Promise<{ email: string; userId: string; password: string }> {
  const invited = await invite();
  const password = freshPassword();
  const answer = await choose(invited.path, password);
  expect(answer.status, answer.text.slice(0, 300)).toBe(303);
  return { ...invited, password };
}

test("an invitation works once", async () => {
  const { email, path } = await invite();
  const password = freshPassword();
  const form = await readForm(target(), path);
  const first = await submitForm(target(), form, passwordsOf(form.fields, password));
  expect(first.status).toBe(303);
  expect(cookieSet(first, REFRESH_COOKIE)).toBeTruthy();
  const again = await submitForm(target(), form, passwordsOf(form.fields, freshPassword()));
  expectHarmless(again, "the same form again");
  expect(await isUsable(path)).toBe(false);
  await target().logIn({ email, password });
});

test("of twenty parallel uses of one link one succeeds", async () => {
  const { email, path } = await invite();
  const form = await readForm(target(), path);
  const passwords = Array.from({ length: 20 }, freshPassword);
  const answers = await Promise.all(
    passwords.map((password) => submitForm(target(), form, passwordsOf(form.fields, password))),
  );
  const winners = passwords.filter((_, index) => cookieSet(answers[index] as Answer, REFRESH_COOKIE));
  expect(winners).toHaveLength(1);
  for (const answer of answers) expect(answer.status).toBeLessThan(500);
  await target().logIn({ email, password: winners[0] ?? "" });
});

test("a reset link works once, ends every session, and the old password is gone", async () => {
  const person = await member();
  const sessions = [await target().logIn(person), await target().logIn(person)];
  const path = await resetLink(person.userId);
  const password = freshPassword();
  const answer = await choose(path, password);
  expect(answer.status).toBe(303);
  for (const session of sessions) {
    expectSignedOut(await target().sendAs(session, { path: "/api/auth/session" }), "session from before");
    const refreshed = await target().sendAs(
      { refresh: session.refresh },
      { method: "POST", path: "/api/auth/refresh" },
    );
    expectProblem(refreshed, 401, "refresh from before", "invalid_refresh_token");
  }
  const old = await target().send({
    path: "/api/auth/login",
    body: { email: person.email, password: person.password },
  });
  expectProblem(old, 401, "old password", "invalid_credentials");
  expect(await isUsable(path)).toBe(false);
  await target().logIn({ email: person.email, password });
});

test("a newer link ends the older one, and a used one ends the rest", async () => {
  const person = await member();
  const older = await resetLink(person.userId);
  const newer = await resetLink(person.userId);
  expect(await isUsable(older)).toBe(false);
  expect(await isUsable(newer)).toBe(true);
  expect((await choose(newer, freshPassword())).status).toBe(303);
  expect(await isUsable(newer)).toBe(false);
});

test("a password change ends a link that was made before it", async () => {
  const person = await member();
  const session = await target().logIn(person);
  const path = await resetLink(person.userId);
  const changed = await target().sendAs(session, {
    path: "/api/auth/password",
    body: { currentPassword: person.password, newPassword: freshPassword() },
  });
  expect(changed.status).toBe(204);
  expect(await isUsable(path)).toBe(false);
});

test("a link ends after its hour, and with its person's account", async () => {
  const person = await member();
  const expired = await resetLink(person.userId);
  await target().sql(
    `UPDATE one_time_links SET created_at = created_at - interval '61 min', expires_at = expires_at - interval '61 min'
     WHERE user_id = $1 AND consumed_at IS NULL`,
    [person.userId],
  );
  expect(await isUsable(expired)).toBe(false);
  const disabled = await resetLink(person.userId);
  const change = (status: string) =>
    target().sendAs(admin, { method: "PATCH", path: `/api/admin/users/${person.userId}`, body: { status } });
  const form = await readForm(target(), disabled);
  expect((await change("disabled")).status).toBe(200);
  const used = await submitForm(target(), form, passwordsOf(form.fields, freshPassword()));
  expect(cookieSet(used, REFRESH_COOKIE) || null).toBeNull();
  expect((await change("active")).status).toBe(200);
  await target().logIn(person);
});

test("opening a link does not use it", async () => {
  const { path } = await invite();
  for (const method of ["GET", "HEAD", "GET"])
    expect((await target().send({ method, path })).status).toBe(200);
  expect(await isUsable(path)).toBe(true);
});

test("a link's token is nowhere but in the link: hashed at rest, and no referrer", async () => {
  const { path } = await invite();
  const token = new URL(path, target().origin).searchParams.get("token") ?? "";
  expect(Buffer.from(token, "base64url").length * 8).toBeGreaterThanOrEqual(128);
  const rows = await target().sql<{ text: string }>(
    "SELECT one_time_links::text AS text FROM one_time_links",
  );
  const hex = Buffer.from(token, "base64url").toString("hex");
  for (const { text } of rows) expect(text).not.toMatch(new RegExp(`${token}|${hex}`));
  const page = await target().send({ path });
  expect(page.headers["referrer-policy"]).toMatch(/^(no-referrer|same-origin|strict-origin)$/);
  expect(page.headers["cache-control"]).toContain("no-store");
});

test("altered, foreign and strange tokens open nothing", async () => {
  const { path, userId } = await invite();
  const token = new URL(path, target().origin).searchParams.get("token") ?? "";
  const reset = new URL(await resetLink((await member()).userId), target().origin);
  const tokens = [
    "",
    "x",
    token.slice(0, -1),
    `${token}A`,
    `${token}=`,
    `${token}.`,
    ` ${token}`,
    token.toUpperCase(),
    token.slice(0, -1) + (token.endsWith("A") ? "B" : "A"),
    userId,
    "\u0000",
    "%00",
    "' OR 1=1--",
    "x".repeat(5_000),
    reset.searchParams.get("token") ?? "",
  ];
  for (const altered of tokens) {
    expect
      .soft(await isUsable(`/signup?token=${encodeURIComponent(altered)}`), `sign-up ${altered.slice(0, 20)}`)
      .toBe(false);
    expect
      .soft(await isUsable(`/setup?token=${encodeURIComponent(altered)}`), `set-up ${altered.slice(0, 20)}`)
      .toBe(false);
  }
  expect.soft(await isUsable(`/reset-password?token=${token}`), "an invitation used to reset").toBe(false);
  expect.soft(await isUsable(`/setup?token=${token}`), "an invitation used to set up").toBe(false);
  expect.soft(await isUsable(`/signup?token=${token}&token=x`), "two tokens").toBe(false);
  expect(await isUsable(path), "the true one still works").toBe(true);
});

test("set-up is over once there is an administrator", async () => {
  for (const path of [
    "/setup",
    "/setup?token=",
    "/setup?token=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
  ]) {
    expect(await isUsable(path)).toBe(false);
  }
});

test("the page of a link does not say whose it is to a stranger who guesses", async () => {
  const page = await target().send({
    path: "/reset-password?token=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
  });
  expect(page.text).not.toContain("@example.com");
  expect(page.headers["cache-control"]).toContain("no-store");
  const signedIn = await target().send({
    path: "/signup",
    headers: { cookie: cookieHeader({ access: admin.access }) },
  });
  expect(signedIn.status).toBeLessThan(500);
});

test("a person who signs in through a link gets a session of their own", async () => {
  const attacker = await target().logIn(target().admin);
  const { path, email } = await invite();
  const form = await readForm(target(), path, { cookie: cookieHeader({ access: attacker.access }) });
  const answer = await submitForm(target(), form, passwordsOf(form.fields, freshPassword()), {
    cookie: cookieHeader({ access: attacker.access }),
  });
  const issued = credentialsSet(answer);
  const who = await target().sendAs(issued, { path: "/api/auth/session" });
  expect(who.text).toContain(email);
  expect(issued.refresh).not.toBe(attacker.refresh);
});

function passwordsOf(fields: Map<string, string>, password: string): Record<string, string> {
  return Object.fromEntries(
    [...fields.keys()].filter((name) => /password/i.test(name)).map((name) => [name, password]),
  );
}
