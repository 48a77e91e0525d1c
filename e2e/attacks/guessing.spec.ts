import { expect, test } from "playwright/test";
import { cookieHeader } from "./support/cookies";
import type { Answer, HeaderFields } from "./support/http";
import { expectHarmless, expectProblem, problemOf } from "./support/refusals";
import { freshAddress, freshEmail, freshPassword, type Person, targetOfFile } from "./support/target";

/** SECURITY.md: brute force, enumeration, and ways around the limits. This server trusts a proxy on loopback. */
const target = targetOfFile({ SIGNUP: "invite" });

const WRONG = freshPassword();

const logIn = (
  email: string,
  password: string,
  address = freshAddress(),
  headers: HeaderFields = {},
): Promise<Answer> =>
  target().send({
    path: "/api/auth/login",
    headers: { origin: target().origin, "x-forwarded-for": address, ...headers },
    body: { email, password },
  });

/** Wrong guesses until one is answered otherwise than "wrong", and that answer's number, or null after `most`. */
async function guessesUntilLimited(
  most: number,
  guess: (index: number) => Promise<Answer>,
): Promise<number | null> {
  for (let index = 1; index <= most; index += 1) {
    const answer = await guess(index);
    if (answer.status === 401) continue;
    expectProblem(answer, 429, `guess ${index}`, "rate_limited");
    expect.soft(Number(answer.headers["retry-after"]), "Retry-After in seconds").toBeGreaterThan(0);
    return index;
  }
  return null;
}

/**
 * A server whose table is slow to answer counts by itself for a while, from nought. So on a busy machine a limit may
 * come later than it should: then everything is tried again, with addresses and accounts that nobody has counted yet.
 */
const inOneCount = (attempt: () => Promise<void>): Promise<void> =>
  expect(attempt).toPass({ timeout: 45_000 });

test("ten wrong passwords for one account from one address, and then the right one is not looked at either", async () => {
  const { email, password } = target().admin;
  await inOneCount(async () => {
    const [attacker, owner] = [freshAddress(), freshAddress()];
    const signedIn = await target().logIn(target().admin, { "x-forwarded-for": owner });
    expect(await guessesUntilLimited(15, () => logIn(email, WRONG, attacker))).toBe(11);
    expect((await logIn(email, password, attacker)).status, "the right password").toBe(429);
    // Another spelling of the address is the same account.
    expect((await logIn(email.toUpperCase(), password, attacker)).status, "upper case").toBe(429);
    expect([400, 429], "spaces").toContain((await logIn(` ${email} `, password, attacker)).status);
    // The owner elsewhere is not locked out, and the session he has goes on.
    expect((await logIn(email, password, owner)).status).toBe(200);
    const session = await target().send({
      path: "/api/auth/session",
      headers: { cookie: cookieHeader({ access: signedIn.access }), "x-forwarded-for": attacker },
    });
    expect(session.status).toBe(200);
  });
});

test("the limit by address covers any number of accounts, known or not", async () => {
  const { email, password } = target().admin;
  await inOneCount(async () => {
    const address = freshAddress();
    const guess = (index: number) => logIn(`nobody${index}@example.com`, WRONG, address);
    expect(await guessesUntilLimited(120, guess)).toBe(101);
    expect((await logIn(email, password, address)).status, "the right password").toBe(429);
    expect((await logIn(email, password)).status, "from elsewhere").toBe(200);
  });
});

test("addresses of one IPv6 /64 are one address", async () => {
  const inOneNetwork = (index: number) => `2001:db8:1:2:${index.toString(16)}::${(index * 7).toString(16)}`;
  await inOneCount(async () => {
    const email = freshEmail();
    expect(await guessesUntilLimited(15, (index) => logIn(email, WRONG, inOneNetwork(index)))).toBe(11);
    expect((await logIn(email, WRONG, "2001:db8:1:3::1")).status, "the next /64").toBe(401);
  });
});

test("an IPv4 address in IPv6 form is the same address, and its neighbours are not", async () => {
  const forms = ["198.51.100.7", "::ffff:198.51.100.7", "::ffff:c633:6407", "0:0:0:0:0:ffff:198.51.100.7"];
  await inOneCount(async () => {
    const email = freshEmail();
    const guess = (index: number) => logIn(email, WRONG, forms[index % forms.length]);
    expect(await guessesUntilLimited(15, guess)).toBe(11);
    expect((await logIn(email, WRONG, "::ffff:198.51.100.8")).status).toBe(401);
  });
});

test("only what the trusted proxy wrote last counts of X-Forwarded-For, and no other header does", async () => {
  const around = (index: number, address: string): HeaderFields => ({
    "x-forwarded-for": `203.0.113.${index}, ${address}`,
    "x-real-ip": `203.0.113.${index}`,
    "x-client-ip": `203.0.113.${index}`,
    "cf-connecting-ip": `203.0.113.${index}`,
    "true-client-ip": `203.0.113.${index}`,
    "fastly-client-ip": `203.0.113.${index}`,
    "x-originating-ip": `203.0.113.${index}`,
    forwarded: `for=203.0.113.${index}`,
    via: `1.1 proxy${index}`,
    "user-agent": `agent ${index}`,
    cookie: `other=${index}`,
  });
  await inOneCount(async () => {
    const [email, address] = [freshEmail(), freshAddress()];
    const guess = (index: number) => logIn(email, WRONG, address, around(index, address));
    expect(await guessesUntilLimited(15, guess)).toBe(11);
  });
});

test("a guess spread over many addresses is slowed as well, and the owner's browser stays signed in", async () => {
  // NIST SP 800-63B-4 section 3.2.2: no more than 100 failures in a row for one account.
  const { email, password } = target().admin;
  await inOneCount(async () => {
    await freshAdministrator();
    const address = freshAddress();
    const owner = await target().logIn(target().admin, { "x-forwarded-for": address });
    const limitedAt = await guessesUntilLimited(110, () => logIn(email, WRONG));
    expect(limitedAt, "guesses for one account, each from another address").not.toBeNull();
    const limited = await logIn(email, password);
    expect(limited.status, "the right password from a new address is not looked at").toBe(429);
    expect(Number(limited.headers["retry-after"]), "no lock-out for long").toBeLessThanOrEqual(3_600);
    // The owner is not shut out of where he is: his session goes on, and he can sign in anew from there.
    const session = await target().sendAs(owner, {
      method: "POST",
      path: "/api/auth/refresh",
      headers: { "x-forwarded-for": address },
    });
    expect(session.status).toBe(200);
    expect((await logIn(email, password, address)).status).toBe(200);
  });
});

test("parallel guesses do not slip past the limit, and the service goes on", async () => {
  await inOneCount(async () => {
    const [email, address] = [freshEmail(), freshAddress()];
    // No more of them, or the last wait for the table for longer than the limiter does.
    const guesses = Array.from({ length: 25 }, () => logIn(email, WRONG, address));
    const health = target().send({ path: "/healthz" });
    const answers = await Promise.all(guesses);
    const wrong = answers.filter(({ status }) => status === 401);
    expect(wrong.length).toBeLessThanOrEqual(10);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401, 429]));
    expect((await health).status).toBe(200);
  });
});

test("200 parallel sign-ins from 200 addresses are all answered, and none with an error", async () => {
  const answers = await Promise.all(Array.from({ length: 200 }, () => logIn(freshEmail(), WRONG)));
  const statuses = new Set(answers.map(({ status }) => status));
  for (const status of statuses) expect([401, 429, 503]).toContain(status);
  for (const { status, headers } of answers) {
    if (status !== 401) expect(headers["retry-after"]).toMatch(/^\d+$/);
  }
});

/** What a stranger can compare, apart from what differs in every answer. */
function observable(answer: Answer): object {
  const {
    date: _date,
    "x-request-id": requestId,
    "content-security-policy": csp,
    ...headers
  } = answer.headers;
  const text = answer.text.replaceAll(String(requestId), "");
  return {
    status: answer.status,
    headers,
    csp: String(csp).replace(/nonce-[^']+/, ""),
    text,
    length: answer.text.length,
  };
}

test("known and unknown, invited and disabled: a wrong sign-in is answered alike", async () => {
  const admin = await freshAdministrator();
  const invited = await target().sendAs(admin, { path: "/api/admin/users", body: { email: freshEmail() } });
  const { id, email }: { id: string; email: string } = JSON.parse(invited.text).user;
  const reference = observable(await logIn(freshEmail(), WRONG));
  expect(observable(await logIn(target().admin.email, WRONG)), "known").toEqual(reference);
  expect(observable(await logIn(email, WRONG)), "invited").toEqual(reference);
  const disabled = await target().sendAs(admin, {
    method: "PATCH",
    path: `/api/admin/users/${id}`,
    body: { status: "disabled" },
  });
  expect(disabled.status).toBe(200);
  expect(observable(await logIn(email, WRONG)), "disabled").toEqual(reference);
});

test("closed sign-up answers alike for an address that is known and one that is not", async () => {
  const signUp = (email: string) =>
    target().send({
      path: "/api/auth/signup",
      headers: { origin: target().origin },
      body: { email, password: freshPassword() },
    });
  const [known, unknown] = [await signUp(target().admin.email), await signUp(freshEmail())];
  expectProblem(known, 403, "known", "signup_closed");
  expect(observable(known)).toEqual(observable(unknown));
});

test("known and unknown accounts cost the same time", async () => {
  const people: Person[] = [];
  const admin = await freshAdministrator();
  for (let index = 0; index < 8; index += 1) people.push(await activePerson(admin, index));
  const times: { known: number[]; unknown: number[] } = { known: [], unknown: [] };
  for (let round = 0; round < 60; round += 1) {
    const known = people[round % people.length]?.email ?? "";
    for (const [kind, email] of round % 2 === 0 ? PAIRS(known) : PAIRS(known).reverse()) {
      const startedAt = performance.now();
      const answer = await logIn(email, WRONG);
      times[kind].push(performance.now() - startedAt);
      expect(answer.status).toBe(401);
    }
  }
  // Two-sample Kolmogorov-Smirnov at p = 1e-6 for 60 samples each; an answer without a hash gives 1.
  expect(ksDistance(times.known, times.unknown)).toBeLessThan(0.48);
});

const PAIRS = (known: string): ["known" | "unknown", string][] => [
  ["known", known],
  ["unknown", freshEmail()],
];

/** The administrator may have been guessed at above; the account's own limit is lifted for the tests that follow. */
async function freshAdministrator(): Promise<Person> {
  await target().sql("DELETE FROM rate_limits");
  return target().logIn(target().admin);
}

/** A person with a password, copied in the database from the administrator's, so that no page is needed. */
async function activePerson(admin: Person, index: number): Promise<Person> {
  const answer = await target().sendAs(admin, {
    path: "/api/admin/users",
    body: { email: `known${index}@example.com` },
  });
  expectHarmless(answer, "invite");
  const { user }: { user: { id: string; email: string } } = JSON.parse(answer.text);
  await target().sql(
    "UPDATE users SET password_hash = a.password_hash, password_changed_at = now() FROM users a WHERE users.id = $1 AND a.id = $2",
    [user.id, admin.userId],
  );
  return { ...admin, email: user.email, userId: user.id };
}

function ksDistance(left: number[], right: number[]): number {
  const share = (samples: number[], value: number) =>
    samples.filter((sample) => sample <= value).length / samples.length;
  return Math.max(...[...left, ...right].map((value) => Math.abs(share(left, value) - share(right, value))));
}

test("refusals of sign-in name no account and no reason", async () => {
  const answer = await logIn(target().admin.email, WRONG);
  expect(problemOf(answer)).toEqual({
    type: "about:blank",
    status: 401,
    title: expect.not.stringMatching(/unknown|exist|disabled|invited|found/i),
    code: "invalid_credentials",
    requestId: expect.any(String),
  });
});
