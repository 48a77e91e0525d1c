import { cookieHeader, credentialsSet } from "./support/cookies";
import type { Answer } from "./support/http";
import { readForm, submitForm } from "./support/page-forms";
import { expectHarmless } from "./support/refusals";
import { expect, freshAddress, type Person, targetOfFile, test } from "./support/target";

/** SECURITY.md, `return_to`: whatever it says, a sign-in leads to our own origin. Through the real form, without JavaScript. */
const target = targetOfFile();
let ann: Person;

test.beforeAll(async () => {
  ann = await target().signUp();
});

const PAYLOADS = [
  "https://evil.example",
  "http://evil.example",
  "HTTPS://evil.example",
  "//evil.example",
  "///evil.example",
  "////evil.example",
  "/////evil.example/",
  "\\\\evil.example",
  "/\\evil.example",
  "\\/evil.example",
  "/\\/evil.example",
  "\\/\\/evil.example/",
  "/\t/evil.example",
  "/\n/evil.example",
  "/\r/evil.example",
  "\t//evil.example",
  " //evil.example",
  "\u0000//evil.example",
  "\u000b//evil.example",
  "\u00a0//evil.example",
  "\ufeff//evil.example",
  "/\u0000/evil.example",
  "/ /evil.example",
  "/%5cevil.example",
  "/%5c%5cevil.example",
  "/%2fevil.example",
  "/%2f%2fevil.example",
  "%2f%2fevil.example",
  "%5c%5cevil.example",
  "/%09/evil.example",
  "/%0a/evil.example",
  "/%0d%0a/evil.example",
  "/%00/evil.example",
  "/.//evil.example",
  "/..//evil.example",
  "/./\\evil.example",
  "/x/..//evil.example",
  "/x/../\\evil.example",
  "/%2e//evil.example",
  "/%2e%2e//evil.example",
  "/;//evil.example",
  ".evil.example",
  "@evil.example",
  ":80@evil.example",
  "evil.example",
  "evil.example/login",
  "//evil.example@localhost",
  "//localhost@evil.example",
  "https://localhost@evil.example",
  "https://localhost%40evil.example",
  "https://localhost.evil.example",
  "https://localhost\\@evil.example",
  "https://evil.example#localhost",
  "https://evil.example?localhost",
  "https:evil.example",
  "https:/evil.example",
  "https:///evil.example",
  "https:\\\\evil.example",
  "http:/\\evil.example",
  "//evil。example",
  "//evil%E3%80%82example",
  "//ｅvil.example",
  "/／evil.example",
  "／／evil.example",
  "//3232235777",
  "//0x7f000001",
  "//[::1]/",
  "//127.0.0.1:1/",
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  "java\nscript:alert(1)",
  "java\tscript:alert(1)",
  "\u0001javascript:alert(1)",
  "javascript://localhost/%0aalert(1)",
  "/javascript:alert(1)",
  "data:text/html,<script>alert(1)</script>",
  "vbscript:msgbox(1)",
  "file:///etc/passwd",
  "blob:https://evil.example/x",
  "about:blank",
  "ftp://evil.example",
  "/x\r\nSet-Cookie: a=b",
  "/x%0d%0aSet-Cookie:%20a=b",
  "/x\r\nLocation: https://evil.example",
  "/x%0d%0aLocation:%20https://evil.example",
  "/x\u560d\u560aSet-Cookie:a=b",
  '"><script>alert(1)</script>',
  '/"onmouseover=alert(1)//',
  "?return_to=//evil.example",
  "/login?return_to=//evil.example",
  "/login?return_to=%2Flogin%3Freturn_to%3D%2F%2Fevil.example",
  "#//evil.example",
  "/api/auth/logout",
  "/x".repeat(700),
  "",
  "null",
  "undefined",
  "[object Object]",
];

/** Where a browser that got this answer goes, or null when it stays. */
function destination({ headers }: Answer): URL | null {
  const location = headers.location ?? headers["x-action-redirect"];
  return location === undefined
    ? null
    : new URL(String(location).split(";")[0] ?? "", `${target().origin}/login`);
}

function expectOurs(answer: Answer, row: string): void {
  expect.soft(answer.status, row).toBeLessThan(500);
  const location = String(answer.headers.location ?? "/");
  expect.soft(destination(answer)?.origin ?? target().origin, `${row}: ${location}`).toBe(target().origin);
  expect.soft(location, `${row}: no other reading`).not.toMatch(/^\s|^[/\\]{2}|^\/[\\\t\n\r]|[\r\n]/);
  expect
    .soft(answer.headers["set-cookie"]?.some((line) => line.startsWith("a=")) ?? false, `${row}: injected`)
    .toBe(false);
  expect.soft(answer.headers.refresh, row).toBeUndefined();
}

test("control: a sign-in goes where the person was going", async () => {
  const form = await readForm(target(), "/login?return_to=%2Faccount%2Fsessions%3Flimit%3D10");
  const answer = await submitForm(target(), form, { email: ann.email, password: ann.password });
  expect(answer.status).toBe(303);
  expect(destination(answer)?.pathname).toBe("/account/sessions");
  expect(destination(answer)?.search).toBe("?limit=10");
  const page = await target().send({
    path: "/account",
    headers: { cookie: cookieHeader(credentialsSet(answer)) },
  });
  expect(page.status).toBe(200);
});

test("the address of the login page carries no stranger's address into the page", async () => {
  for (const payload of PAYLOADS) {
    const row = JSON.stringify(payload).slice(0, 60);
    const path = `/login?return_to=${encodeURIComponent(payload)}`;
    const page = await target().send({ path });
    expectHarmless(page, row);
    expectOurs(page, row);
    expect
      .soft(page.text, row)
      .not.toMatch(/<script>alert|"onmouseover=|href="(https?:)?\/\/evil|href="javascript:/i);
    const signedIn = await target().send({ path, headers: { cookie: cookieHeader({ access: ann.access }) } });
    expectOurs(signedIn, `${row} (signed in)`);
  }
});

test("a sign-in with a return_to in the address leads to our own origin", async () => {
  test.setTimeout(60_000);
  await inBatches(PAYLOADS, async (payload) => {
    const row = JSON.stringify(payload).slice(0, 60);
    const form = await readForm(target(), `/login?return_to=${encodeURIComponent(payload)}`);
    const answer = await submitForm(target(), form, { email: ann.email, password: ann.password });
    expect.soft(answer.status, row).toBe(303);
    expectOurs(answer, row);
  });
});

test("a sign-in with a return_to put into the form leads to our own origin", async () => {
  test.setTimeout(60_000);
  const form = await readForm(target(), "/login");
  await inBatches(PAYLOADS, async (payload) => {
    const row = JSON.stringify(payload).slice(0, 60);
    const filledIn = { email: ann.email, password: ann.password, return_to: payload };
    const answer = await submitForm(target(), form, filledIn, { "x-forwarded-for": freshAddress() });
    expect.soft([303, 400], row).toContain(answer.status);
    expectOurs(answer, row);
  });
});

test("two return_to parameters, or other names for it, lead to our own origin", async () => {
  const queries = [
    "return_to=/account&return_to=//evil.example",
    "return_to=//evil.example&return_to=/account",
    "return_to[]=//evil.example",
    "return_to[0]=//evil.example",
    "returnTo=//evil.example",
    "next=//evil.example",
    "redirect=//evil.example",
    "redirect_uri=//evil.example",
    "url=//evil.example",
    "callbackUrl=//evil.example",
    "continue=//evil.example",
    "RETURN_TO=//evil.example",
  ];
  for (const query of queries) {
    const form = await readForm(target(), `/login?${query}`);
    const answer = await submitForm(target(), form, { email: ann.email, password: ann.password });
    expect.soft(answer.status, query).toBe(303);
    expectOurs(answer, query);
  }
});

test("what a page sends to sign in is its own path, however the path is written", async () => {
  const paths = [
    "/account",
    "/account/sessions?x=1",
    "//evil.example/account",
    "/account?next=//evil.example",
    "/account/%2f%2fevil.example",
    "/account\\evil",
    "/admin/..//evil.example",
  ];
  for (const path of paths) {
    const { text } = await target().raw(
      `GET ${path} HTTP/1.1\r\nHost: ${target().host}\r\nConnection: close\r\n\r\n`,
    );
    const location = /^location: (.*)\r$/im.exec(text)?.[1];
    if (location === undefined) continue;
    const url = new URL(location, target().origin);
    expect.soft(url.origin, path).toBe(target().origin);
    const returnTo = url.searchParams.get("return_to") ?? "/";
    expect.soft(new URL(returnTo, target().origin).origin, `${path}: ${returnTo}`).toBe(target().origin);
    expect.soft(returnTo, path).not.toMatch(/^[/\\]{2}/);
  }
});

async function inBatches<Item>(items: Item[], work: (item: Item) => Promise<void>): Promise<void> {
  for (let start = 0; start < items.length; start += 8) {
    await Promise.all(items.slice(start, start + 8).map(work));
  }
}
