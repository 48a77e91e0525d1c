import type { Answer } from "./support/http";
import { expectHarmless, expectProblem } from "./support/refusals";
import { expect, freshEmail, freshPassword, type Person, targetOfFile, test } from "./support/target";

/** SECURITY.md: long passwords, mass assignment, prototype pollution, type juggling: values of the wrong kind. */
const target = targetOfFile();
let ann: Person;
let admin: Person;

test.beforeAll(async () => {
  ann = await target().signUp();
  admin = await target().logIn(target().admin);
});

const post = (path: string, body: unknown): Promise<Answer> =>
  target().send({ path, headers: { origin: target().origin }, body });
const login = (body: unknown) => post("/api/auth/login", body);

test("values of the wrong type or with strange characters are 400 or a plain refusal, never 500", async () => {
  const values: unknown[] = [
    null,
    true,
    0,
    [],
    {},
    [ann.email],
    { contains: "@" },
    { not: "" },
    { $ne: null },
    { $gt: "" },
    { in: [ann.email] },
  ];
  for (const value of values) {
    expectProblem(
      await login({ email: value, password: ann.password }),
      400,
      `email ${JSON.stringify(value)}`,
    );
    expectProblem(
      await login({ email: ann.email, password: value }),
      400,
      `password ${JSON.stringify(value)}`,
    );
  }
  const texts = [
    "\u0000",
    `${ann.email}\u0000`,
    `\ud800${ann.email}`,
    "a@\ud800.com",
    `${ann.email}\n`,
    ` ${ann.email} x`,
    `${"a".repeat(300)}@example.com`,
    "'; DROP TABLE users;--@example.com",
    "a@b@c",
    "%00@example.com",
    `${ann.email}\r\nBcc: x@example.com`,
  ];
  for (const email of texts) {
    expectProblem(
      await login({ email, password: freshPassword() }),
      [400, 401],
      `log in as ${JSON.stringify(email)}`,
    );
    const made = await target().sendAs(admin, { path: "/api/admin/users", body: { email } });
    expect.soft([201, 400, 409], `invite ${JSON.stringify(email)}: ${made.text}`).toContain(made.status);
  }
  const passwords = [
    "\u0000".repeat(20),
    `abc\u0000${freshPassword()}`,
    `\ud800${freshPassword()}`,
    "\ufeff".repeat(20),
    "\u202e".repeat(20),
  ];
  for (const password of passwords) {
    expectProblem(
      await login({ email: ann.email, password }),
      [400, 401],
      `password ${JSON.stringify(password)}`,
    );
  }
});

test("long passwords are refused before they are hashed", async () => {
  const rows: [string, string][] = [
    ["257 letters", "a".repeat(257)],
    ["257 emoji", "😀".repeat(257)],
    ["4 KB of emoji", "😀".repeat(1_024)],
    ["60 KB", "p".repeat(60_000)],
  ];
  for (const [row, password] of rows) {
    expectProblem(await login({ email: ann.email, password }), [400, 401], `log in: ${row}`);
    const signup = await post("/api/auth/signup", { email: freshEmail(), password });
    expectProblem(signup, 400, `sign up: ${row}`);
  }
});

test("passwords count by code point, and are neither truncated nor normalised away", async () => {
  const long = freshPassword().repeat(4).slice(0, 72);
  const [first, second] = [`${long}-one-tail-of-the-password`, `${long}-two-tail-of-the-password`];
  const person = { email: freshEmail(), password: first };
  expect((await post("/api/auth/signup", person)).status).toBe(201);
  expectProblem(await login({ ...person, password: second }), 401, "same first 72 bytes");
  expectProblem(await login({ ...person, password: long }), 401, "the first 72 bytes");
  expectProblem(await login({ ...person, password: first.toUpperCase() }), 401, "upper case");
  expectProblem(await login({ ...person, password: `${first} ` }), 401, "a space behind");
  expect((await login(person)).status).toBe(200);

  const emoji = Array.from({ length: 15 }, (_, index) => String.fromCodePoint(0x1f600 + index * 7)).join("");
  expect((await post("/api/auth/signup", { email: freshEmail(), password: emoji })).status, "15 emoji").toBe(
    201,
  );
  expectProblem(
    await post("/api/auth/signup", { email: freshEmail(), password: emoji.slice(0, 28) }),
    400,
    "14 emoji",
  );
});

test("passwords that are short, common or the person's own address", async () => {
  const email = freshEmail();
  for (const password of [
    "",
    "x",
    "14characterslo",
    "passwordpassword",
    "123456789012345",
    "qwertyuiopasdfgh",
    "aaaaaaaaaaaaaaaaaaaa",
    email,
    `${email}1`,
  ]) {
    expectProblem(await post("/api/auth/signup", { email, password }), 400, password);
  }
});

test("fields that are not the caller's to set (mass assignment)", async () => {
  const extras: Record<string, unknown>[] = [
    { role: "admin" },
    { isAdmin: true },
    { admin: true },
    { id: admin.userId },
    { status: "active" },
    { emailVerified: true },
    { tenantId: "x" },
    { passwordHash: "x" },
    { createdAt: "2000-01-01T00:00:00Z" },
    { sessions: { create: { id: "x" } } },
    { user: { role: "admin" } },
    { "user.role": "admin" },
  ];
  for (const extra of extras) {
    const person = { email: freshEmail(), password: freshPassword() };
    const row = JSON.stringify(extra);
    expectProblem(await post("/api/auth/signup", { ...person, ...extra }), 400, `sign up with ${row}`);
    expect.soft(await target().sql("SELECT 1 FROM users WHERE email = $1", [person.email]), row).toEqual([]);
    expectProblem(
      await login({ email: ann.email, password: ann.password, ...extra }),
      400,
      `log in with ${row}`,
    );
  }
  const password = { currentPassword: ann.password, newPassword: freshPassword() };
  expectProblem(
    await target().sendAs(ann, { path: "/api/auth/password", body: { ...password, role: "admin" } }),
    400,
    "password",
  );
  const changes = [
    { passwordHash: "x" },
    { id: ann.userId },
    { sessions: { deleteMany: {} } },
    { role: "root" },
    { status: "deleted" },
    { role: { set: "admin" } },
    {},
    { role: null },
  ];
  for (const change of changes) {
    const answer = await target().sendAs(admin, {
      method: "PATCH",
      path: `/api/admin/users/${ann.userId}`,
      body: change,
    });
    expectProblem(answer, 400, `change ${JSON.stringify(change)}`);
  }
  expect(await target().sql("SELECT role, status FROM users WHERE id = $1", [ann.userId])).toEqual([
    { role: "user", status: "active" },
  ]);
});

test("prototype pollution has no effect", async () => {
  const person = { email: freshEmail(), password: freshPassword() };
  const [head] = JSON.stringify(person).split("}");
  const tails = [
    '"__proto__":{"role":"admin","isAdmin":true}',
    '"constructor":{"prototype":{"role":"admin"}}',
    '"__proto__":{"toString":"x"}',
    '"prototype":{"role":"admin"}',
    '"\\u005f_proto__":{"role":"admin"}',
  ];
  for (const tail of tails) {
    expectProblem(await post("/api/auth/signup", `${head},${tail}}`), 400, tail);
    expectProblem(await login(`{${tail}}`), 400, tail);
  }
  for (const query of [
    "__proto__[role]=admin",
    "constructor[prototype][role]=admin",
    "__proto__.role=admin",
  ]) {
    const answer = await target().sendAs(ann, { path: `/api/sessions?${query}` });
    expect.soft([200, 400], query).toContain(answer.status);
  }
  expectProblem(await target().sendAs(ann, { path: "/api/admin/users" }), 403, "still a user");
  const { user } = JSON.parse((await target().sendAs(ann, { path: "/api/auth/session" })).text);
  expect(user.role).toBe("user");
});

test("query parameters out of range, repeated, of another type, or with a NUL", async () => {
  const queries = [
    "limit=0",
    "limit=201",
    "limit=-1",
    "limit=1e9",
    "limit=NaN",
    "limit=1.5",
    "limit=",
    "limit[]=1",
    "cursor=x",
    "cursor=%00",
    "cursor=bnVsbA",
    "cursor=e30",
    `cursor=${"x".repeat(5_000)}`,
    "cursor=../../x",
    "state=nope",
    "state=%00",
    "userId=x",
    "userId=%27%20OR%201%3D1--",
    "userId=%00",
  ];
  for (const query of queries) {
    const answer = await target().sendAs(admin, { path: `/api/admin/sessions?${query}` });
    expectProblem(answer, 400, query);
  }
  for (const query of [
    "limit=1&limit=200",
    "q=a&q=b",
    "q=%00",
    "q=%25",
    "q=_",
    "q=%27",
    "q=%5C",
    `q=${"x".repeat(5_000)}`,
    "q=%ff",
    "q=%F0%9F%98%80",
    "q=a%00b",
  ]) {
    for (const path of ["/api/admin/sessions", "/api/admin/users"]) {
      const answer = await target().sendAs(admin, { path: `${path}?${query}` });
      expectHarmless(answer, `${path}?${query}`);
      expect.soft([200, 400], `${path}?${query}`).toContain(answer.status);
    }
  }
  for (const id of [
    "%00",
    "x",
    "%27",
    "00000000-0000-4000-8000-000000000000",
    "..%2f..",
    "x".repeat(3_000),
  ]) {
    const answer = await target().sendAs(admin, {
      method: "PATCH",
      path: `/api/admin/users/${id}`,
      body: { status: "active" },
    });
    expectProblem(answer, [400, 404], `user ${id.slice(0, 30)}`);
  }
  const bodies = [
    { sessionIds: [] },
    { sessionIds: ["\u0000"] },
    { sessionIds: Array(5_000).fill("AAAAAAAAAAAAAAAAAAAAAA") },
    { sessionIds: "x" },
    { all: false },
    { all: "true" },
    { userId: "x" },
    { userId: "\u0000" },
    { sessionIds: [ann.sessionId], all: true },
    {},
  ];
  for (const body of bodies) {
    const answer = await target().sendAs(admin, {
      path: "/api/admin/sessions/revoke",
      body: { reason: "x", ...body },
    });
    expect
      .soft([200, 400, 413], `${JSON.stringify(body).slice(0, 60)}: ${answer.text.slice(0, 100)}`)
      .toContain(answer.status);
    if (answer.status === 200)
      expect.soft(JSON.parse(answer.text), JSON.stringify(body).slice(0, 60)).toEqual({ revoked: 0 });
  }
  expect((await target().sendAs(ann, { path: "/api/auth/session" })).status, "nobody was signed out").toBe(
    200,
  );
});

test("hostile request headers that are stored: User-Agent and address", async () => {
  const agents = [
    "<script>alert(1)</script>",
    "x".repeat(8_000),
    "\u00ff\u00fe",
    "%00%0a",
    "",
    `$${"{jndi:ldap://x}"}`,
    "\t",
  ];
  for (const agent of agents) {
    const person = await target().logIn(ann, { "user-agent": agent });
    const list = await target().sendAs(person, { path: "/api/sessions?limit=200" });
    expect(list.status, agent.slice(0, 20)).toBe(200);
    expect(list.headers["content-type"]).toMatch(/^application\/json/);
    const stored: { current: boolean; userAgent: string }[] = JSON.parse(list.text).sessions;
    expect.soft(stored.find(({ current }) => current)?.userAgent.length ?? 0).toBeLessThanOrEqual(1_024);
  }
  for (const address of [
    "x",
    "",
    "1.2.3.4'",
    "9".repeat(3_000),
    "::",
    "::ffff:1.2.3.4",
    "1.2.3.4:80",
    "[::1]:80",
    "fe80::1%eth0",
    ", ,",
    "unknown",
    "_hidden",
  ]) {
    const answer = await target().send({
      path: "/api/auth/login",
      headers: { origin: target().origin, "x-forwarded-for": address },
      body: { email: ann.email, password: ann.password },
    });
    expect
      .soft([200, 400], `X-Forwarded-For: ${address.slice(0, 20)}: ${answer.text.slice(0, 100)}`)
      .toContain(answer.status);
  }
});
