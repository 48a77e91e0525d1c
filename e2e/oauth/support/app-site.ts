import * as oauth from "oauth4webapi";
import { type Browser, expect, type Page } from "playwright/test";
import { startTlsFront } from "../../attacks/support/tls-front";
import { anotherBrowser, inviteSomebody, signIn } from "../../support/journey";
import type { RunningLatchkey } from "../../support/latchkey";
import { openOtherSite } from "../../support/other-site";
import type { Attempt, Client } from "./client";
import { discover } from "./scene";

/** Who are there for all tests of one Latchkey; each test has an app of its own, to which nobody has agreed. */
interface Parties {
  admin: Page;
  person: { email: string; password: string };
}
const parties = new Map<string, Promise<Parties>>();

async function findParties(browser: Browser, latchkey: RunningLatchkey): Promise<Parties> {
  const admin = await anotherBrowser(browser, latchkey);
  await signIn(admin);
  const { page, email, password } = await inviteSomebody(admin, browser, latchkey);
  await page.context().close();
  return { admin, person: { email, password } };
}

/** A new app, and somebody who has an account. */
export async function openAppForSomebody(
  browser: Browser,
  latchkey: RunningLatchkey,
): Promise<{ app: App; person: Parties["person"] }> {
  const { origin } = latchkey;
  const found = parties.get(origin) ?? findParties(browser, latchkey);
  parties.set(origin, found);
  const { admin, person } = await found;
  return { app: await openApp(admin, latchkey), person };
}

/** So that the browser finds the hosts below on this machine, and believes their certificates. */
export const OTHER_HOSTS = {
  launchOptions: {
    ...(process.env.CHROMIUM_PATH ? { executablePath: process.env.CHROMIUM_PATH } : {}),
    args: ["--host-resolver-rules=MAP *.test 127.0.0.1"],
  },
  ignoreHTTPSErrors: true,
};

/** A web application on another host than Latchkey, registered as a client. */
export interface App {
  client: Client;
  server: oauth.AuthorizationServer;
  /** Its start page, as `https` and as a program on the device would serve it. */
  url: string;
  loopbackUrl: string;
  redirectUri: string;
  /** What its server was asked for, with the queries. */
  visits: string[];
  close(): Promise<void>;
}

let opened = 0;

/** Registers it as the administrator who is signed in at `admin`. */
export async function openApp(
  admin: Page,
  { origin }: RunningLatchkey,
  terms: Record<string, unknown> = {},
): Promise<App> {
  opened += 1;
  const site = await openOtherSite("<title>The shop</title><h1>The shop</h1>");
  const front = await startTlsFront(Number(new URL(site.url).port));
  const url = `https://shop.test:${front.port}/`;
  const redirectUri = `${url}callback`;
  const data = {
    name: `Shop ${process.pid}-${opened}`,
    authMethod: "none",
    scope: "openid email offline_access",
    redirectUris: [redirectUri, `${site.url}callback`],
    ...terms,
  };
  const answer = await admin.request.post("/api/admin/clients", { headers: { origin }, data });
  expect(answer.status(), await answer.text()).toBe(201);
  const { client } = await answer.json();
  return {
    client: {
      client_id: client.id,
      name: client.name,
      secret: "",
      library: { client_id: client.id },
      authentication: oauth.None(),
    },
    server: await discover(origin, "oauth2"),
    url,
    loopbackUrl: site.url,
    redirectUri,
    visits: site.visits,
    close: async () => {
      await front.close();
      site.close();
    },
  };
}

/** A click on a link of the application's own page. */
export async function followLink(page: Page, app: App, { address }: Pick<Attempt, "address">): Promise<void> {
  await page.goto(app.url);
  await page.evaluate((href) => {
    document.body.append(Object.assign(document.createElement("a"), { href, textContent: "Sign in" }));
  }, address.href);
  await page.getByRole("link", { name: "Sign in" }).click();
}

/** Where the browser has come back to. */
export async function callbackOf(page: Page, { redirectUri }: Pick<Attempt, "redirectUri">): Promise<URL> {
  await page.waitForURL((url) => url.href.startsWith(`${redirectUri}?`));
  return new URL(page.url());
}

/** The page that asks for the password: of a stranger, or once more of who is signed in. */
export const signInHeading = (page: Page) => page.getByRole("heading", { name: "Sign in" });
export const confirmHeading = (page: Page) => page.getByRole("heading", { name: "Confirm it is you" });

export async function enterPassword(
  page: Page,
  { email, password }: { email: string; password: string },
): Promise<void> {
  await expect(signInHeading(page)).toBeVisible();
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

export async function confirmPassword(page: Page, { password }: { password: string }): Promise<void> {
  await expect(confirmHeading(page)).toBeVisible();
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Confirm" }).click();
}

export const question = (page: Page, { client }: App) =>
  page.getByRole("heading", { name: `Let ${client.name} in?` });
export const allow = (page: Page) => page.getByRole("button", { name: "Allow" });
export const deny = (page: Page) => page.getByRole("button", { name: "Deny" });
