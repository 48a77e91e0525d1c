import {
  ACCESS_COOKIE,
  type Credentials,
  cookieSet,
  credentialsSet,
  REFRESH_COOKIE,
} from "./support/cookies";
import type { Answer, HeaderFields } from "./support/http";
import { expectProblem, expectSignedOut } from "./support/refusals";
import { expect, type Person, targetOfFile, test } from "./support/target";

/**
 * The table "acknowledged rotation" of DESIGN.md and its attackers. Time cannot be moved from outside the product,
 * so the tests move the session back in the database instead: `rotated_at` and `acknowledged_at` 31 s into the past.
 */
const target = targetOfFile();

const BROWSER: HeaderFields = { "user-agent": "Victim/1.0" };
const OTHER_BROWSER: HeaderFields = { "user-agent": "Thief/1.0" };

const refresh = (refreshToken: string, headers: HeaderFields = BROWSER) =>
  target().sendAs({ refresh: refreshToken }, { method: "POST", path: "/api/auth/refresh", headers });

const whoAmI = (held: Partial<Credentials>, headers: HeaderFields = BROWSER) =>
  target().sendAs(held, { path: "/api/auth/session", headers });

/** A person in the victim's browser, whose session was first seen in use. */
async function victim(): Promise<Person> {
  const someone = await target().signUp();
  return target().logIn(someone, BROWSER);
}

const pass31Seconds = (sessionId: string) =>
  target().sql(
    `UPDATE sessions SET rotated_at = rotated_at - interval '31 s', acknowledged_at = acknowledged_at - interval '31 s'
     WHERE id = $1`,
    [sessionId],
  );

interface SessionRow {
  generation: number;
  acknowledged_generation: number;
  ended_at: Date | null;
  end_reason: string | null;
}

async function sessionRow(sessionId: string): Promise<SessionRow> {
  const [row] = await target().sql<SessionRow>("SELECT * FROM sessions WHERE id = $1", [sessionId]);
  if (row === undefined) throw new Error("No such session.");
  return row;
}

/** The credentials work. On a slow database the write that acknowledges them goes on after the answer, so it is awaited. */
async function use(held: Credentials, sessionId: string, headers: HeaderFields = BROWSER): Promise<void> {
  expect((await whoAmI(held, headers)).status).toBe(200);
  const isAcknowledged = async () => {
    const { generation, acknowledged_generation } = await sessionRow(sessionId);
    return acknowledged_generation === generation;
  };
  await expect.poll(isAcknowledged).toBe(true);
}

async function auditTypes(sessionId: string): Promise<string[]> {
  const rows = await target().sql<{ type: string }>("SELECT type FROM audit_events WHERE session_id = $1", [
    sessionId,
  ]);
  return rows.map(({ type }) => type);
}

/** Refused, ended in the database, denied and on record; and whatever the two clients hold is worth nothing. */
async function expectReuse(answer: Answer, sessionId: string, ...held: Credentials[]): Promise<void> {
  expectProblem(answer, 401, "reuse", "invalid_refresh_token");
  expect(await sessionRow(sessionId)).toMatchObject({
    ended_at: expect.any(Date),
    end_reason: "refresh_token_reuse",
  });
  expect(await auditTypes(sessionId)).toContain("refresh_token.reuse_detected");
  const denials = await target().sql("SELECT * FROM denials WHERE kind = 'sid' AND value = $1", [sessionId]);
  expect(denials).toHaveLength(1);
  for (const credentials of held) {
    expectSignedOut(await whoAmI({ access: credentials.access }), "access token after reuse");
    expectSignedOut(await whoAmI({ refresh: credentials.refresh }), "refresh token after reuse");
    expectProblem(await refresh(credentials.refresh), 401, "refresh after reuse", "invalid_refresh_token");
  }
}

test("replay within the overlap answers with the same successor, and opens no second branch", async () => {
  const person = await victim();
  const first = credentialsSet(await refresh(person.refresh));
  const second = credentialsSet(await refresh(person.refresh));
  expect(first.refresh).not.toBe(person.refresh);
  expect(second.refresh).toBe(first.refresh);
  expect(await sessionRow(person.sessionId)).toMatchObject({ generation: 1, ended_at: null });
});

test("replay after the overlap, once the successor was used, ends the session for both", async () => {
  const person = await victim();
  const successor = credentialsSet(await refresh(person.refresh));
  await use(successor, person.sessionId);
  await pass31Seconds(person.sessionId);
  await expectReuse(await refresh(person.refresh), person.sessionId, person, successor);
});

test("a thief who took the token and comes after the victim has rotated", async () => {
  const person = await victim();
  const successor = credentialsSet(await refresh(person.refresh));
  await use(successor, person.sessionId);
  await pass31Seconds(person.sessionId);
  await expectReuse(await refresh(person.refresh, OTHER_BROWSER), person.sessionId, person, successor);
});

test("a thief who rotates first is found when the victim comes", async () => {
  const person = await victim();
  const stolen = credentialsSet(await refresh(person.refresh, OTHER_BROWSER));
  await use(stolen, person.sessionId, OTHER_BROWSER);
  await pass31Seconds(person.sessionId);
  await expectReuse(await refresh(person.refresh), person.sessionId, person, stolen);
});

test("a thief who rotates first and uses nothing: the victim recovers once, and then he is found", async () => {
  const person = await victim();
  const stolen = credentialsSet(await refresh(person.refresh));
  await pass31Seconds(person.sessionId);
  const recovered = credentialsSet(await refresh(person.refresh));
  expect(recovered.refresh).toBe(stolen.refresh);
  await use(recovered, person.sessionId);
  // The thief goes on ahead of the victim, using only what the victim has acknowledged.
  const ahead = credentialsSet(await refresh(stolen.refresh));
  await pass31Seconds(person.sessionId);
  await expectReuse(await refresh(recovered.refresh), person.sessionId, recovered, ahead);
});

test("a lost response is recovered by the same browser, and recorded", async () => {
  const person = await victim();
  await refresh(person.refresh);
  await pass31Seconds(person.sessionId);
  const recovered = await refresh(person.refresh);
  expect(recovered.status).toBe(200);
  expect((await whoAmI(credentialsSet(recovered))).status).toBe(200);
  expect(await auditTypes(person.sessionId)).toContain("refresh_token.recovered");
});

test("another browser does not recover", async () => {
  const person = await victim();
  await refresh(person.refresh);
  await pass31Seconds(person.sessionId);
  await expectReuse(await refresh(person.refresh, OTHER_BROWSER), person.sessionId, person);
});

test("an older generation is reuse at once", async () => {
  const person = await victim();
  const first = credentialsSet(await refresh(person.refresh));
  const second = credentialsSet(await refresh(first.refresh));
  await expectReuse(await refresh(person.refresh), person.sessionId, person, first, second);
});

test("reuse is found on any request that refreshes in line, and the form behind it does nothing", async () => {
  const person = await victim();
  const successor = credentialsSet(await refresh(person.refresh));
  await use(successor, person.sessionId);
  await pass31Seconds(person.sessionId);
  const answer = await target().sendAs(
    { refresh: person.refresh },
    {
      path: "/api/auth/password",
      headers: BROWSER,
      body: { currentPassword: person.password, newPassword: person.password },
    },
  );
  expectSignedOut(answer, "in line");
  expect(await sessionRow(person.sessionId)).toMatchObject({ end_reason: "refresh_token_reuse" });
});

test("a stranger who knows a session's id cannot end it", async () => {
  const person = await victim();
  const bytes = Buffer.from(person.refresh, "base64url");
  const altered = (index: number, mask: number) => {
    const copy = Buffer.from(bytes);
    copy[index] = (copy[index] ?? 0) ^ mask;
    return copy.toString("base64url");
  };
  const forgeries = [
    person.sessionId,
    `${person.sessionId}AAAA`,
    ...[...bytes.keys()].map((index) => altered(index, 1)),
    bytes.subarray(0, -1).toString("base64url"),
    Buffer.concat([bytes, Buffer.alloc(1)]).toString("base64url"),
    Buffer.concat([bytes, Buffer.alloc(4_000)]).toString("base64url"),
    `${person.refresh}=`,
    `${person.refresh}.`,
    `"${person.refresh}"`,
    person.refresh.toUpperCase(),
    person.refresh.replace(/^./, (first) => `%${first.charCodeAt(0).toString(16)}`),
    "x",
    "%00",
    "null",
  ];
  for (const forgery of forgeries) {
    const answer = await refresh(forgery);
    expectProblem(answer, 401, `refresh token ${forgery.slice(0, 20)}`, "invalid_refresh_token");
  }
  expect(await sessionRow(person.sessionId)).toMatchObject({ generation: 0, ended_at: null });
  expect((await refresh(person.refresh)).status).toBe(200);
});

/** Of so many at once, the last may wait too long for a connection, and are told to try again. */
async function fiftyAtOnce(use: () => Promise<Answer>): Promise<Answer[]> {
  const answers = await Promise.all(Array.from({ length: 50 }, use));
  return answers.filter(({ status }) => status !== 503);
}

test("50 parallel uses make one successor, and log nobody out", async () => {
  const person = await victim();
  const answers = await fiftyAtOnce(() => refresh(person.refresh));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  const successors = new Set(answers.map((answer) => cookieSet(answer, REFRESH_COOKIE)));
  expect(successors.size).toBe(1);
  expect(await sessionRow(person.sessionId)).toMatchObject({ generation: 1, ended_at: null });
  for (const answer of answers) expect((await whoAmI(credentialsSet(answer))).status).toBe(200);
  expect(await auditTypes(person.sessionId)).not.toContain("refresh_token.reuse_detected");
});

test("50 parallel page loads of one browser whose access token has gone refresh to one successor", async () => {
  const person = await victim();
  const answers = await fiftyAtOnce(() => whoAmI({ refresh: person.refresh }));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set(answers.map((answer) => cookieSet(answer, REFRESH_COOKIE))).size).toBe(1);
});

test("a refresh that crosses a logout leaves nothing that works", async () => {
  for (let round = 0; round < 5; round += 1) {
    const person = await victim();
    const logout = () =>
      target().sendAs(person, { method: "POST", path: "/api/auth/logout", headers: BROWSER });
    const crossing = [
      refresh(person.refresh),
      logout(),
      refresh(person.refresh),
      whoAmI({ refresh: person.refresh }),
    ];
    const answers = await Promise.all(crossing);
    expect(answers[1]?.status).toBe(204);
    expect((await sessionRow(person.sessionId)).ended_at).not.toBeNull();
    for (const answer of answers) {
      const [access, late] = [cookieSet(answer, ACCESS_COOKIE), cookieSet(answer, REFRESH_COOKIE)];
      if (access) expectSignedOut(await whoAmI({ access }), "late access token");
      if (late) expectSignedOut(await whoAmI({ refresh: late }), "late refresh token");
    }
  }
});

test("logout clears the cookies, denies the access token, and is no error the second time", async () => {
  const person = await victim();
  const logout = () => target().sendAs(person, { method: "POST", path: "/api/auth/logout" });
  const answer = await logout();
  expect(answer.status).toBe(204);
  for (const name of [ACCESS_COOKIE, REFRESH_COOKIE]) {
    const line = answer.setCookies.find((candidate) => candidate.startsWith(`${name}=`));
    expect(line).toMatch(/^[^=]+=;.*(Max-Age=0|Expires=Thu, 01 Jan 1970)/i);
    for (const attribute of ["Path=/", "Secure", "HttpOnly"]) expect(line).toContain(attribute);
  }
  expectSignedOut(await whoAmI(person), "both cookies");
  expectSignedOut(await whoAmI({ access: person.access }), "access token");
  expect((await logout()).status).toBe(204);
  const without = await target().send({
    method: "POST",
    path: "/api/auth/logout",
    headers: { origin: target().origin },
  });
  expect(without.status).toBe(204);
});

test("a login starts a new session, whatever cookies were there before (fixation)", async () => {
  const attacker = await victim();
  const someone = await target().signUp();
  const planted = [
    { access: attacker.access, refresh: attacker.refresh },
    { access: "planted", refresh: "planted" },
    { access: someone.access, refresh: someone.refresh },
  ];
  for (const held of planted) {
    const answer = await target().sendAs(held, {
      path: "/api/auth/login?sid=planted&session=planted",
      body: { email: someone.email, password: someone.password },
    });
    expect(answer.status).toBe(200);
    const issued = credentialsSet(answer);
    expect(issued.access).not.toBe(held.access);
    expect(issued.refresh).not.toBe(held.refresh);
    const mine: { session: { id: string } } = JSON.parse(answer.text);
    expect([attacker.sessionId, someone.sessionId, "planted"]).not.toContain(mine.session.id);
    expectSignedOut(await whoAmI({ access: held.access }), "access token from before");
    expectSignedOut(await whoAmI({ refresh: held.refresh }), "refresh token from before");
  }
});

test("idle and absolute expiry hold whatever the cookie says", async () => {
  const pasts = ["idle_expires_at = now() - interval '1 s'", "idle_expires_at = now(), expires_at = now()"];
  for (const past of pasts) {
    const person = await victim();
    await target().sql(`UPDATE sessions SET ${past} WHERE id = $1`, [person.sessionId]);
    expectProblem(await refresh(person.refresh), 401, past, "invalid_refresh_token");
    expectSignedOut(await whoAmI({ refresh: person.refresh }), past);
  }
});

test("a refresh does not move the absolute limit, nor the moment of sign-in", async () => {
  const person = await victim();
  const read = () =>
    target().sql<{ expires_at: Date; authenticated_at: Date }>(
      "SELECT expires_at, authenticated_at FROM sessions WHERE id = $1",
      [person.sessionId],
    );
  const before = await read();
  const successor = credentialsSet(await refresh(person.refresh));
  expect(await read()).toEqual(before);
  const authTime = (token: string) =>
    JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).auth_time;
  expect(authTime(successor.access)).toBe(authTime(person.access));
});
