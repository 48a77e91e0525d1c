import type { BrowserContext } from "playwright/test";
import {
  ACCESS_COOKIE,
  anotherBrowser,
  cookieValue,
  expect,
  expireAccessToken,
  inviteSomebody,
  REFRESH_COOKIE,
  signIn,
  test,
} from "../support/journey";

const profile = { name: "Profile", level: 1 } as const;

test("an access token that expires in the middle of a form loses nothing", async ({ page, context }) => {
  await signIn(page);
  await page.getByRole("textbox", { name: /^Name/ }).fill("Ada Lovelace");
  const before = await cookieValue(context, REFRESH_COOKIE);
  await expireAccessToken(context);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("status")).toBeVisible();
  expect(await cookieValue(context, REFRESH_COOKIE)).not.toBe(before);
  await page.reload();
  await expect(page.getByRole("textbox", { name: /^Name/ })).toHaveValue("Ada Lovelace");
});

test("fifty tabs that wake at once stay signed in, on one branch", async ({ page, context }) => {
  await signIn(page);
  await expireAccessToken(context);
  const statuses = await page.evaluate(() =>
    Promise.all(Array.from({ length: 50 }, () => fetch("/api/auth/session").then(({ status }) => status))),
  );
  expect(new Set(statuses)).toEqual(new Set([200]));
  await page.reload();
  await expect(page.getByRole("heading", profile)).toBeVisible();
  await expireAccessToken(context);
  await page.reload();
  await expect(page.getByRole("heading", profile)).toBeVisible();
});

test("a lost response costs nobody the session", async ({ page, context }) => {
  await signIn(page);
  await expireAccessToken(context);
  // The server rotates, and the browser never hears of it.
  const kept = await context.cookies();
  await page.request.get("/api/auth/session");
  await context.clearCookies();
  await context.addCookies(kept);
  await page.reload();
  await expect(page.getByRole("heading", profile)).toBeVisible();
});

test("a copied refresh token that was used is found, and ends the session for both", async ({
  page,
  context,
  browser,
  latchkey,
}) => {
  await signIn(page);
  const thief = await anotherBrowser(browser, latchkey);
  await copySession(context, thief.context());
  await expireAccessToken(thief.context());
  await thief.goto("/account");
  await expect(thief.getByRole("heading", profile)).toBeVisible();
  await expireAccessToken(thief.context());
  await thief.goto("/account/sessions");

  await expireAccessToken(context);
  await page.reload();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await thief.reload();
  await expect(thief.getByRole("heading", { name: "Sign in" })).toBeVisible();
});

test("a refusal on the way keeps the session that was renewed", async ({ page, browser, latchkey }) => {
  await signIn(page);
  const { page: theirs } = await inviteSomebody(page, browser, latchkey);
  for (const path of ["/admin/users", "/api/admin/users"]) {
    const before = await cookieValue(theirs.context(), REFRESH_COOKIE);
    await expireAccessToken(theirs.context());
    expect((await theirs.goto(path))?.status()).toBe(403);
    expect(await cookieValue(theirs.context(), REFRESH_COOKIE)).not.toBe(before);
  }
  await theirs.goto("/account");
  await expect(theirs.getByRole("heading", profile)).toBeVisible();
});

async function copySession(from: BrowserContext, to: BrowserContext): Promise<void> {
  const cookies = await from.cookies();
  expect(cookies.map(({ name }) => name).sort()).toEqual([ACCESS_COOKIE, REFRESH_COOKIE].sort());
  await to.addCookies(cookies);
}
