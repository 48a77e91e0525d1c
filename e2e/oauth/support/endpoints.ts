import { expect } from "playwright/test";
import type { Answer, HeaderFields } from "../../attacks/support/http";
import { expectHarmless } from "../../attacks/support/refusals";
import type { Target } from "../../attacks/support/target";

/** What a test sends by hand, because no library would. */
export type Parameters = Record<string, string> | [name: string, value: string][];

export const FORM = "application/x-www-form-urlencoded";

export const post = (
  { send }: Target,
  path: string,
  parameters: Parameters,
  headers: HeaderFields = {},
): Promise<Answer> =>
  send({
    method: "POST",
    path,
    headers: { "content-type": FORM, ...headers },
    body: new URLSearchParams(parameters).toString(),
  });

/** `Authorization: Basic`, each half form-encoded first (RFC 6749 section 2.3.1). */
export const basic = ({ client_id, secret }: { client_id: string; secret: string }): HeaderFields => ({
  authorization: `Basic ${Buffer.from(`${encodeURIComponent(client_id)}:${encodeURIComponent(secret)}`).toString("base64")}`,
});

/** RFC 6749 section 5.2: the error in its own form, kept by no cache. */
export function expectOAuthError(
  answer: Answer,
  status: number,
  error: string | string[],
  row: string,
): void {
  expectHarmless(answer, row);
  expect.soft(answer.status, `${row}: status (${answer.text.slice(0, 200)})`).toBe(status);
  expect.soft(answer.headers["content-type"], `${row}: type`).toMatch(/^application\/json\b/);
  expect.soft(answer.headers["cache-control"], `${row}: cache`).toBe("no-store");
  const body = readJson(answer);
  expect.soft([error].flat(), `${row}: error`).toContain(body.error);
  expect
    .soft(body.error_description ?? "x", `${row}: description`)
    .toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
  expect.soft(Object.keys(body), `${row}: fields`).not.toContain("access_token");
}

export function readJson({ text }: Answer): Record<string, unknown> {
  try {
    return JSON.parse(text);
  } catch {
    return { notJson: text.slice(0, 200) };
  }
}
