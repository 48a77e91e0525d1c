import { decodeJwt } from "jose";
import type { Page } from "playwright/test";
import { expect, signIn, test } from "../support/journey";
import { queryDatabase } from "../support/query-database";
import {
  type App,
  allow,
  callbackOf,
  confirmHeading,
  confirmPassword,
  followLink,
  OTHER_HOSTS,
  openAppForSomebody,
  question,
  signInHeading,
} from "./support/app-site";
import { begin, redeem } from "./support/client";

/** What a client asks of the sign-in itself: `prompt`, `max_age` and `login_hint` (OpenID Connect Core section 3.1.2.1). */
test.use({ serverName: "with an app", ...OTHER_HOSTS });

let app: App;
let person: { email: string; password: string };
test.beforeEach(async ({ page, browser, latchkey }) => {
  ({ app, person } = await openAppForSomebody(browser, latchkey));
  await signIn(page, person);
});
test.afterEach(() => app.close());

/** Follows the app's link with these parameters. */
async function ask(page: Page, parameters: Parameters<typeof begin>[2] = {}) {
  const attempt = await begin(app, app.client, { redirect_uri: app.redirectUri, ...parameters });
  await followLink(page, app, attempt);
  return attempt;
}

async function letIn(page: Page): Promise<void> {
  const attempt = await ask(page);
  await allow(page).click();
  await callbackOf(page, attempt);
}

/** As when the person had signed in that long ago. */
const age = (databaseUrl: string, seconds: number) =>
  queryDatabase(
    databaseUrl,
    `UPDATE sessions SET authenticated_at = now() - make_interval(secs => $1), created_at = now() - make_interval(secs => $1)
     FROM users WHERE users.id = user_id AND email = $2`,
    [seconds, person.email],
  );

const authTimeOf = (idToken = ""): number => Number(decodeJwt(idToken).auth_time);
const now = () => Date.now() / 1000;

test("prompt=none: nobody is asked, whatever is missing", async ({ page, context }) => {
  const withoutConsent = await ask(page, { prompt: "none" });
  const refused = await callbackOf(page, withoutConsent);
  expect(Object.fromEntries(refused.searchParams)).toMatchObject({
    error: "interaction_required",
    state: withoutConsent.state,
    iss: app.server.issuer,
  });
  await letIn(page);
  const silent = await ask(page, { prompt: "none" });
  await redeem(app, app.client, silent, await callbackOf(page, silent));
  await context.clearCookies();
  const signedOut = await ask(page, { prompt: "none" });
  expect(Object.fromEntries((await callbackOf(page, signedOut)).searchParams)).toMatchObject({
    error: "login_required",
    state: signedOut.state,
    iss: app.server.issuer,
  });
});

test("prompt=login: the password is asked for, and the time of it is told", async ({ page, latchkey }) => {
  await letIn(page);
  await age(latchkey.databaseUrl, 3600);
  const attempt = await ask(page, { prompt: "login" });
  await confirmPassword(page, person);
  const tokens = await redeem(app, app.client, attempt, await callbackOf(page, attempt));
  expect(authTimeOf(tokens.id_token)).toBeGreaterThan(now() - 60);
});

test("prompt=login: asked for again each time, and no address made up elsewhere avoids it", async ({
  page,
}) => {
  await letIn(page);
  const attempt = await ask(page, { prompt: "login" });
  await expect(confirmHeading(page)).toBeVisible();
  const signInPage = new URL(page.url());
  await ask(page, { prompt: "login" });
  await expect(confirmHeading(page)).toBeVisible();
  const returnTo = new URL(signInPage.searchParams.get("return_to") ?? "/", signInPage);
  await page.goto(returnTo.href);
  await expect(confirmHeading(page)).toBeVisible();
  expect(app.visits.filter((path) => path.includes(attempt.state))).toEqual([]);
});

test("prompt=consent: asked for although it is remembered", async ({ page }) => {
  await letIn(page);
  const attempt = await ask(page, { prompt: "consent" });
  await expect(question(page, app)).toBeVisible();
  await allow(page).click();
  await redeem(app, app.client, attempt, await callbackOf(page, attempt));
});

test("max_age: a sign-in that is older is repeated, and one that is younger is not", async ({
  page,
  latchkey,
}) => {
  await letIn(page);
  await age(latchkey.databaseUrl, 3600);
  const enough = await ask(page, { max_age: "7200" });
  const old = await redeem(app, app.client, enough, await callbackOf(page, enough));
  expect(authTimeOf(old.id_token)).toBeLessThan(now() - 3500);
  const attempt = await ask(page, { max_age: "60" });
  await confirmPassword(page, person);
  const fresh = await redeem(app, app.client, attempt, await callbackOf(page, attempt));
  expect(authTimeOf(fresh.id_token)).toBeGreaterThan(now() - 60);
});

test("max_age with prompt=none: login_required", async ({ page, latchkey }) => {
  await letIn(page);
  await age(latchkey.databaseUrl, 3600);
  const attempt = await ask(page, { max_age: "60", prompt: "none" });
  expect((await callbackOf(page, attempt)).searchParams.get("error")).toBe("login_required");
});

test("login_hint is in the field already, and is only text", async ({ page, context }) => {
  await context.clearCookies();
  await ask(page, { login_hint: person.email });
  await expect(page.getByLabel("E-mail address")).toHaveValue(person.email);
  const hostile = `"><img src=x onerror=alert(1)>`;
  await ask(page, { login_hint: hostile });
  await expect(signInHeading(page)).toBeVisible();
  await expect(page.locator("img[src=x]")).toHaveCount(0);
});
