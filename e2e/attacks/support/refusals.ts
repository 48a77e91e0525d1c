import { expect } from "playwright/test";
import { ACCESS_COOKIE, cookieSet, REFRESH_COOKIE } from "./cookies";
import type { Answer } from "./http";

/** Words that only the inside of the product knows. */
const INTERNALS =
  /node_modules|\bat [\w.<>]+ \(|\/work\/|\.tsx?:\d|\b([Pp]risma|[Pp]ostgres|[Pp][Gg]lite|jose|JWS|JOSE|ERR_[A-Z]+|\w+Error)\b|"digest"/;

/** No answer hands out a session, shows the inside, or is a server error. */
export function expectHarmless(answer: Answer, row: string): void {
  expect.soft(answer.status, `${row}: status`).toBeLessThan(500);
  expect.soft(cookieSet(answer, ACCESS_COOKIE) || null, `${row}: access cookie`).toBeNull();
  expect.soft(cookieSet(answer, REFRESH_COOKIE) || null, `${row}: refresh cookie`).toBeNull();
  expect.soft(INTERNALS.exec(apartFromScripts(answer.text))?.[0] ?? null, `${row}: internals`).toBeNull();
}

/** A page's scripts speak of promises and types of their own; what a person reads must not. */
const apartFromScripts = (html: string): string => html.replace(/<script[\s\S]*?<\/script>/g, "");

/** R401 of SECURITY.md: and for each reason the same text. */
export function expectInvalidToken(answer: Answer, row: string): void {
  expectHarmless(answer, row);
  expect.soft(answer.status, `${row}: status`).toBe(401);
  expect.soft(answer.headers["www-authenticate"], `${row}: challenge`).toBe('Bearer error="invalid_token"');
  expect.soft(problemOf(answer), `${row}: body`).toEqual({
    type: "about:blank",
    status: 401,
    title: expect.any(String),
    code: "invalid_token",
    requestId: expect.any(String),
  });
}

/** The same for a token in a cookie, which a client that sent none cannot be told apart from. */
export function expectSignedOut(answer: Answer, row: string): void {
  expectHarmless(answer, row);
  expect.soft(answer.status, `${row}: status`).toBe(401);
  expect.soft(answer.headers["www-authenticate"], `${row}: challenge`).toMatch(/^Bearer\b/);
  const { code } = problemOf(answer);
  expect.soft(["invalid_token", "not_authenticated"], `${row}: code`).toContain(code);
}

export function expectProblem(answer: Answer, status: number | number[], row: string, code?: string): void {
  expectHarmless(answer, row);
  expect.soft([status].flat(), `${row}: status (${answer.text.slice(0, 200)})`).toContain(answer.status);
  expect.soft(answer.headers["content-type"], `${row}: type`).toMatch(/^application\/problem\+json/);
  if (code !== undefined) expect.soft(problemOf(answer).code, `${row}: code`).toBe(code);
}

export function problemOf(answer: Answer): Record<string, unknown> {
  try {
    return JSON.parse(answer.text);
  } catch {
    return { notJson: answer.text.slice(0, 200) };
  }
}
