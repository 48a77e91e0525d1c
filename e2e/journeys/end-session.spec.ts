import type { Page } from "playwright/test";
import { violationsOf } from "../support/accessibility";
import { ADMIN, anotherBrowser, expect, REFRESH_COOKIE, signIn, test } from "../support/journey";
import type { RunningLatchkey } from "../support/latchkey";
import { type OtherSite, openOtherSite } from "../support/other-site";

interface Shop {
  clientId: string;
  name: string;
  /** Its own page, on another site. */
  site: OtherSite;
  /** Where it wants people back who have signed out. */
  returnTo: string;
}

let made = 0;

/** A relying party on another site, registered by the administrator of `admin`. */
async function openShop(
  admin: Page,
  { origin }: RunningLatchkey,
  page: string,
  name = freshName(),
): Promise<Shop> {
  const site = await openOtherSite(page);
  const returnTo = `${site.url}bye`;
  const data = {
    name,
    authMethod: "none",
    redirectUris: [`${site.url}cb`],
    postLogoutRedirectUris: [returnTo],
  };
  const answer = await admin.request.post("/api/admin/clients", { headers: { origin }, data });
  expect(answer.status(), await answer.text()).toBe(201);
  const { client } = await answer.json();
  return { clientId: client.id, name, site, returnTo };
}

const freshName = () => {
  made += 1;
  return `Shop ${process.pid}-${made}`;
};

const addressOf = ({ clientId, returnTo }: Shop, more: Record<string, string> = {}) =>
  `/oauth/end-session?${new URLSearchParams({ client_id: clientId, post_logout_redirect_uri: returnTo, ...more })}`;

const question = (page: Page) => page.getByRole("heading", { name: "Sign out of Latchkey?" });
const signOut = (page: Page) => page.getByRole("button", { name: "Sign out" }).click();

async function expectSignedIn(page: Page): Promise<void> {
  await page.goto("/account");
  await expect(page.getByRole("heading", { name: "Profile", level: 1 })).toBeVisible();
}

async function expectSignedOut(page: Page): Promise<void> {
  expect((await page.context().cookies()).map(({ name }) => name)).not.toContain(REFRESH_COOKIE);
  await page.goto("/account");
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
}

/** A link that leads there, on the shop's own page. */
async function followLink(page: Page, { site }: Shop, href: string): Promise<void> {
  await page.goto(site.url);
  await page.evaluate((to) => {
    const link = Object.assign(document.createElement("a"), { href: to, textContent: "leave" });
    document.body.append(link);
  }, href);
  await page.getByRole("link", { name: "leave" }).click();
}

test("a link of a client leads to the question, and signs out who says yes", async ({ page, latchkey }) => {
  await signIn(page);
  const shop = await openShop(page, latchkey, "<p>the shop</p>");
  await followLink(page, shop, `${latchkey.origin}${addressOf(shop, { state: "a b&c" })}`);
  await expect(question(page)).toBeVisible();
  await expect(
    page.getByText(`You come from ${shop.name}. You are signed in here as ${ADMIN.email}.`),
  ).toBeVisible();
  await expectSignedIn(await page.context().newPage());

  await signOut(page);
  await page.waitForURL(`${shop.returnTo}?state=a+b%26c`);
  expect(shop.site.visits).toContain("/bye?state=a+b%26c");
  await expectSignedOut(page);
  shop.site.close();
});

test("a form of a client does the same", async ({ page, latchkey }) => {
  await signIn(page);
  const form = `<form method="post" action="${latchkey.origin}/oauth/end-session">
    <input name="client_id"><input name="post_logout_redirect_uri"><button>leave</button></form>`;
  const shop = await openShop(page, latchkey, form);
  await page.goto(shop.site.url);
  await page.locator("[name=client_id]").fill(shop.clientId);
  await page.locator("[name=post_logout_redirect_uri]").fill(shop.returnTo);
  await page.getByRole("button", { name: "leave" }).click();
  await expect(question(page)).toBeVisible();
  await signOut(page);
  await page.waitForURL(shop.returnTo);
  await expectSignedOut(page);
  shop.site.close();
});

test("whoever would rather stay does, and the client hears nothing of it", async ({ page, latchkey }) => {
  await signIn(page);
  const shop = await openShop(page, latchkey, "<p>the shop</p>");
  await page.goto(addressOf(shop));
  await page.getByRole("link", { name: "Stay signed in" }).click();
  await expect(page.getByRole("heading", { name: "Profile", level: 1 })).toBeVisible();
  expect(shop.site.visits).toEqual([]);
  shop.site.close();
});

test("whoever is not signed in goes straight on", async ({ page, browser, latchkey }) => {
  const admin = await anotherBrowser(browser, latchkey);
  await signIn(admin);
  const shop = await openShop(admin, latchkey, "<p>the shop</p>");
  await page.goto(addressOf(shop, { state: "x" }));
  await page.waitForURL(`${shop.returnTo}?state=x`);
  shop.site.close();
});

test("without an address to return to, it says that it is done", async ({ page }) => {
  await signIn(page);
  await page.goto("/oauth/end-session");
  await expect(page.getByText(`You are signed in here as ${ADMIN.email}.`)).toBeVisible();
  await signOut(page);
  await expect(page.getByRole("heading", { name: "You are signed out" })).toBeVisible();
  await expectSignedOut(page);
});

test("a request with a fault leads nowhere and changes nothing", async ({ page, latchkey }) => {
  await signIn(page);
  const shop = await openShop(page, latchkey, "<p>the shop</p>");
  const faults: [address: string, sentence: RegExp][] = [
    [addressOf(shop, { post_logout_redirect_uri: `${shop.returnTo}/` }), /has not registered/],
    [addressOf(shop, { post_logout_redirect_uri: "https://evil.example/" }), /has not registered/],
    [addressOf(shop, { post_logout_redirect_uri: "javascript:alert(1)" }), /has not registered/],
    [addressOf(shop, { client_id: `client_${"A".repeat(22)}` }), /no such client/],
    [addressOf(shop, { id_token_hint: "a.b.c" }), /not an ID token/],
    [`${addressOf(shop)}&post_logout_redirect_uri=https://evil.example/`, /sent more than once/],
    ["/oauth/end-session?post_logout_redirect_uri=https://evil.example/", /needs a client_id/],
  ];
  for (const [address, sentence] of faults) {
    expect((await page.goto(address))?.status(), address).toBe(400);
    await expect(page.getByText(sentence)).toBeVisible();
    await expect(page.getByRole("button")).toHaveCount(0);
    for (const link of await page.getByRole("link").all()) {
      expect(await link.getAttribute("href")).toBe("/");
    }
    const pageAddress = address.replace("/oauth/end-session", "/sign-out");
    expect((await page.goto(pageAddress))?.status(), pageAddress).toBe(404);
  }
  expect(shop.site.visits).toEqual([]);
  await expectSignedIn(page);
  shop.site.close();
});

test("an access token is no hint", async ({ page, context }) => {
  await signIn(page);
  const token = (await context.cookies()).find(({ name }) => name.endsWith("access"))?.value ?? "";
  await page.goto(`/oauth/end-session?${new URLSearchParams({ id_token_hint: token })}`);
  await expect(page.getByText(/not an ID token/)).toBeVisible();
});

test("while Latchkey cannot be reached, nobody is told that they are signed out", async ({
  page,
  context,
  latchkey,
}) => {
  await signIn(page);
  const shop = await openShop(page, latchkey, "<p>the shop</p>");
  await page.goto(addressOf(shop));
  await context.setOffline(true);
  await signOut(page);
  await expect(page.getByText("Check your connection and try again.")).toBeVisible();
  await context.setOffline(false);
  await signOut(page);
  await page.waitForURL(shop.returnTo);
  shop.site.close();
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("the question is asked, answered, and leads back", async ({ page, latchkey }) => {
    await signIn(page);
    const shop = await openShop(page, latchkey, "<p>the shop</p>");
    await page.goto(addressOf(shop, { state: "x" }));
    await expect(question(page)).toBeVisible();
    await signOut(page);
    await page.waitForURL(`${shop.returnTo}?state=x`);
    await expectSignedOut(page);
    shop.site.close();
  });
});

test("axe finds nothing on any of its pages, nor is one too wide for a phone", async ({ page, latchkey }) => {
  await signIn(page);
  const shop = await openShop(page, latchkey, "<p>the shop</p>", `${"W".repeat(60)} ${freshName()}`);
  await page.setViewportSize({ width: 360, height: 740 });
  const expectSound = async (what: string) => {
    expect(await violationsOf(page), what).toEqual([]);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width, what).toBeLessThanOrEqual(360);
  };
  await page.goto(addressOf(shop));
  await expect(question(page)).toBeVisible();
  await expectSound("the question");
  await page.goto("/oauth/end-session");
  await signOut(page);
  await expect(page.getByRole("heading", { name: "You are signed out" })).toBeVisible();
  await expectSound("signed out");
  // A browser stays where it is then.
  await page.route(`${shop.site.url}**`, (route) => route.fulfill({ status: 204 }));
  await page.goto(addressOf(shop));
  await expect(page.getByRole("link", { name: `Back to ${shop.name}` })).toBeVisible();
  await expectSound("on the way back");
  shop.site.close();
});
