import { expect } from "playwright/test";
import type { Answer } from "../../attacks/support/http";
import { expectHarmless } from "../../attacks/support/refusals";

/** A page of ours that leads nowhere: neither by a redirect, nor by itself, nor by a link to elsewhere. */
export function expectErrorPage(answer: Answer, row: string): void {
  expectHarmless(answer, row);
  expect.soft(answer.status, `${row}: status (${answer.headers.location})`).toBe(400);
  expect.soft(answer.headers.location, `${row}: redirect`).toBeUndefined();
  expect.soft(answer.headers.refresh, `${row}: refresh`).toBeUndefined();
  expect.soft(answer.headers["content-type"], `${row}: type`).toMatch(/^text\/html/);
  expect
    .soft(answer.headers["content-security-policy"], `${row}: frames`)
    .toContain("frame-ancestors 'none'");
  expect.soft(answer.headers["cache-control"], `${row}: cache`).toContain("no-store");
  expect.soft(answer.text, `${row}: leaves`).not.toMatch(/http-equiv="?refresh/i);
  const links = [...answer.text.matchAll(/<a\b[^>]*\shref="([^"]*)"/g)].map(([, href]) => href);
  expect
    .soft(
      links.filter((href) => !href?.startsWith("/") && !href?.startsWith("#")),
      `${row}: links`,
    )
    .toEqual([]);
}
