import { decodeJwt } from "jose";
import * as oauth from "oauth4webapi";
import type { Page } from "playwright/test";
import { expect, signIn, test } from "../support/journey";
import {
  type App,
  allow,
  callbackOf,
  deny,
  enterPassword,
  followLink,
  OTHER_HOSTS,
  openAppForSomebody,
  question,
} from "./support/app-site";
import { type Attempt, begin, redeem, userInfo } from "./support/client";
import { ANYWHERE } from "./support/scene";

/** From a page of an application on another host to Latchkey and back, in a browser. */
test.use({ serverName: "with an app", ...OTHER_HOSTS });

let app: App;
let person: { email: string; password: string };
test.beforeEach(async ({ browser, latchkey }) => {
  ({ app, person } = await openAppForSomebody(browser, latchkey));
});
test.afterEach(() => app.close());

const start = (parameters: Parameters<typeof begin>[2] = {}) =>
  begin(app, app.client, { redirect_uri: app.redirectUri, ...parameters });

const denialIn = (callback: URL, state: string): unknown => {
  try {
    return oauth.validateAuthResponse(app.server, app.client.library, callback, state);
  } catch (error) {
    return error;
  }
};

test("a stranger signs in, lets the app in, and the app knows who they are", async ({ page }) => {
  const attempt = await start();
  await followLink(page, app, attempt);
  await enterPassword(page, person);
  await expect(question(page, app)).toBeVisible();
  await expect(page.getByText(person.email)).toBeVisible();
  await allow(page).click();
  const callback = await callbackOf(page, attempt);
  expect([...callback.searchParams.keys()].sort()).toEqual(["code", "iss", "state"]);
  const tokens = await redeem(app, app.client, attempt, callback);
  const subject = String(decodeJwt(tokens.id_token ?? "").sub);
  expect(await userInfo(app, app.client, tokens.access_token, subject)).toMatchObject({
    sub: subject,
    email: person.email,
  });
});

test("whoever is signed in already is asked for consent at once, and the next time for nothing", async ({
  page,
}) => {
  await signIn(page, person);
  const first = await start();
  await followLink(page, app, first);
  await expect(question(page, app)).toBeVisible();
  await allow(page).click();
  await callbackOf(page, first);
  const again = await start();
  await followLink(page, app, again);
  await redeem(app, app.client, again, await callbackOf(page, again));
});

test("more than was allowed before is asked for, and less is not", async ({ page }) => {
  await signIn(page, person);
  for (const [scope, isAsked] of [
    ["openid", true],
    ["openid email", true],
    ["openid", false],
    ["openid email offline_access", true],
    ["openid email", false],
  ] as const) {
    const attempt = await start({ scope });
    await followLink(page, app, attempt);
    if (isAsked) await allow(page).click();
    const tokens = await redeem(app, app.client, attempt, await callbackOf(page, attempt));
    expect(tokens.scope).toBe(scope);
  }
});

test("whoever denies it is sent back with that answer, and is asked again the next time", async ({
  page,
}) => {
  await signIn(page, person);
  const attempt = await start();
  await followLink(page, app, attempt);
  await deny(page).click();
  const callback = await callbackOf(page, attempt);
  expect(denialIn(callback, attempt.state)).toMatchObject({ error: "access_denied" });
  expect(callback.searchParams.get("iss")).toBe(app.server.issuer);
  expect(callback.searchParams.has("code")).toBe(false);
  await followLink(page, app, await start());
  await expect(question(page, app)).toBeVisible();
});

test("a program on the device is asked about every time", async ({ page }) => {
  await signIn(page, person);
  for (const redirect_uri of [`${app.loopbackUrl}callback`, "http://127.0.0.1:9/callback"]) {
    const attempt = await start({ redirect_uri });
    await followLink(page, app, attempt);
    await expect(question(page, app)).toBeVisible();
    await page.route(`${redirect_uri}**`, (route) => route.fulfill({ body: "back" }));
    await allow(page).click();
    await redeem(app, app.client, attempt, await callbackOf(page, attempt));
  }
});

test("the Back button after letting the app in gives no second code, and a new answer may be given", async ({
  page,
}) => {
  await signIn(page, person);
  const attempt = await start();
  await followLink(page, app, attempt);
  await allow(page).click();
  const callback = await callbackOf(page, attempt);
  await redeem(app, app.client, attempt, callback);
  await page.goBack();
  await expect.poll(() => page.url()).not.toBe(callback.href);
  const codes = app.visits.filter((path) => path.startsWith("/callback"));
  expect(new Set(codes).size).toBe(codes.length);
});

test("a double click lets the app in once", async ({ page }) => {
  await signIn(page, person);
  const attempt = await start();
  await followLink(page, app, attempt);
  await allow(page).dblclick();
  await redeem(app, app.client, attempt, await callbackOf(page, attempt));
  expect(app.visits.filter((path) => path.startsWith("/callback"))).toHaveLength(1);
});

/** The same request, sent ahead. */
async function pushed(attempt: Attempt): Promise<Attempt> {
  const { server, client } = app;
  const response = await oauth.pushedAuthorizationRequest(
    server,
    client.library,
    client.authentication,
    attempt.address.searchParams,
    ANYWHERE,
  );
  const { request_uri } = await oauth.processPushedAuthorizationResponse(server, client.library, response);
  const address = new URL(attempt.address);
  address.search = new URLSearchParams({ client_id: client.client_id, request_uri }).toString();
  return { ...attempt, address };
}

async function letInWhatWasPushed(page: Page): Promise<void> {
  const attempt = await start();
  await page.goto((await pushed(attempt)).address.href);
  await enterPassword(page, person);
  await allow(page).click();
  await redeem(app, app.client, attempt, await callbackOf(page, attempt));
}

test("a request that was sent ahead is let in", ({ page }) => letInWhatWasPushed(page));

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("a request that was sent ahead is let in", ({ page }) => letInWhatWasPushed(page));

  test("whoever was signed out while they were asked, signs in and is asked again", async ({
    page,
    context,
  }) => {
    const attempt = await start();
    await page.goto(attempt.address.href);
    await enterPassword(page, person);
    await expect(question(page, app)).toBeVisible();
    await context.clearCookies();
    await allow(page).click();
    await enterPassword(page, person);
    await expect(question(page, app)).toBeVisible();
    await allow(page).click();
    await redeem(app, app.client, attempt, await callbackOf(page, attempt));
  });

  for (const answer of ["allowed", "denied"] as const) {
    test(`a stranger signs in, and the app is ${answer}`, async ({ page }) => {
      const attempt = await start();
      await page.goto(attempt.address.href);
      await enterPassword(page, person);
      await expect(question(page, app)).toBeVisible();
      await (answer === "allowed" ? allow(page) : deny(page)).click();
      const callback = await callbackOf(page, attempt);
      if (answer === "allowed") await redeem(app, app.client, attempt, callback);
      else expect(denialIn(callback, attempt.state)).toMatchObject({ error: "access_denied" });
    });
  }
});
