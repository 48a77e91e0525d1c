import type { Browser, Page } from "playwright/test";
import { violationsOf } from "../support/accessibility";
import { anotherBrowser, expect, inviteSomebody, signIn, test } from "../support/journey";
import type { RunningLatchkey } from "../support/latchkey";
import { openOtherSite } from "../support/other-site";

const GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code";
const NO_SUCH_CODE = /^No device waits with this code/;

interface Device {
  clientId: string;
  name: string;
  device_code: string;
  user_code: string;
  verification_uri: string;
  verification_uri_complete: string;
}

let made = 0;

/** A television that waits for its person. The client it belongs to is registered by the administrator of `admin`. */
async function startDevice(admin: Page, { origin }: RunningLatchkey, name = freshName()): Promise<Device> {
  const data = { name, authMethod: "none", grantTypes: [GRANT_TYPE], scope: "openid email" };
  const added = await admin.request.post("/api/admin/clients", { headers: { origin }, data });
  expect(added.status(), await added.text()).toBe(201);
  const { client } = await added.json();
  const answer = await fetch(`${origin}/oauth/device_authorization`, {
    method: "POST",
    headers: { "User-Agent": "curl/8.5.0" },
    body: new URLSearchParams({ client_id: client.id, scope: "openid email" }),
  });
  expect(answer.status).toBe(200);
  return { clientId: client.id, name, ...(await answer.json()) };
}

const freshName = () => {
  made += 1;
  return `Television ${process.pid}-${made}`;
};

/** What the device learns: the error, or the type of the token that it gets. */
async function poll({ origin }: RunningLatchkey, { clientId, device_code }: Device): Promise<string> {
  const body = new URLSearchParams({ grant_type: GRANT_TYPE, device_code, client_id: clientId });
  const answer = await fetch(`${origin}/oauth/token`, { method: "POST", body });
  const { error, token_type } = (await answer.json()) as { error?: string; token_type?: string };
  return error ?? token_type ?? "nothing";
}

/** Signs somebody new in at `page`, who has looked at no code so far. Returns the administrator's browser. */
async function signInAsSomebody(page: Page, browser: Browser, latchkey: RunningLatchkey) {
  const admin = await anotherBrowser(browser, latchkey);
  await signIn(admin);
  const person = await inviteSomebody(admin, browser, latchkey);
  await signIn(page, person);
  return { admin, person };
}

const typeCode = async (page: Page, code: string) => {
  await page.getByLabel("Code").fill(code);
  await page.getByRole("button", { name: "Continue" }).click();
};
const question = (page: Page, { name }: Device) => page.getByRole("heading", { name: `Let ${name} in?` });

test("whoever types the code sees who asks, and lets them in", async ({ page, browser, latchkey }) => {
  const { admin } = await signInAsSomebody(page, browser, latchkey);
  const device = await startDevice(admin, latchkey);
  expect(await poll(latchkey, device)).toBe("authorization_pending");

  await page.goto(device.verification_uri);
  await typeCode(page, device.user_code.toLowerCase().replace("-", " "));
  await expect(question(page, device)).toBeFocused();
  const card = page.getByRole("form", { name: "Connect a device" });
  await expect(card).toContainText(device.user_code);
  await expect(card).toContainText("127.0.0.1");
  await expect(card).toContainText("curl");
  await expect(card).toContainText(/Allow this only if you have just started it yourself/);

  await page.getByRole("button", { name: "Allow" }).click();
  await expect(page.getByText(/^The program is let in\./)).toBeVisible();
  expect(await poll(latchkey, device)).toBe("Bearer");
  expect(await poll(latchkey, device)).toBe("invalid_grant");
});

test("whoever denies it keeps it out", async ({ page, browser, latchkey }) => {
  const { admin } = await signInAsSomebody(page, browser, latchkey);
  const device = await startDevice(admin, latchkey);
  await page.goto("/device");
  await typeCode(page, device.user_code);
  await page.getByRole("button", { name: "Deny" }).click();
  await expect(page.getByText("The program is not let in.")).toBeVisible();
  expect(await poll(latchkey, device)).toBe("access_denied");

  await page.goto("/device");
  await typeCode(page, device.user_code);
  await expect(page.getByText(NO_SUCH_CODE)).toBeVisible();
});

test("an address with the code in it decides nothing by itself, from another site neither", async ({
  page,
  browser,
  latchkey,
}) => {
  const { admin } = await signInAsSomebody(page, browser, latchkey);
  const device = await startDevice(admin, latchkey);
  const site = await openOtherSite(`<a href="${device.verification_uri_complete}&answer=allowed">open</a>`);
  await page.goto(site.url);
  await page.getByRole("link", { name: "open" }).click();
  await expect(page.getByLabel("Code")).toHaveValue(device.user_code);
  await expect(question(page, device)).toHaveCount(0);
  expect(await poll(latchkey, device)).toBe("authorization_pending");
  site.close();

  await page.getByRole("button", { name: "Continue" }).click();
  await expect(question(page, device)).toBeVisible();
  await page.getByRole("button", { name: "Allow" }).click();
  await expect(page.getByText(/^The program is let in\./)).toBeVisible();
  expect(await poll(latchkey, device)).toBe("Bearer");
});

test("whoever is not signed in signs in first, and comes back with the code", async ({
  page,
  browser,
  latchkey,
}) => {
  const admin = await anotherBrowser(browser, latchkey);
  await signIn(admin);
  const person = await inviteSomebody(admin, browser, latchkey);
  const device = await startDevice(admin, latchkey);
  await page.goto(device.verification_uri_complete);
  await page.getByLabel("E-mail address").fill(person.email);
  await page.getByLabel("Password", { exact: true }).fill(person.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByLabel("Code")).toHaveValue(device.user_code);
});

test("a wrong code stays as it was typed, and guessing ends soon", async ({ page, browser, latchkey }) => {
  // A server whose table is slow to answer goes on counting by itself, from nought: then once more, as somebody else.
  await expect(async () => {
    const { admin } = await signInAsSomebody(page, browser, latchkey);
    const device = await startDevice(admin, latchkey);
    await page.goto("/device");
    await typeCode(page, "BBBB-BBBB");
    await expect(page.getByText(NO_SUCH_CODE)).toBeVisible();
    await expect(page.getByLabel("Code")).toHaveValue("BBBB-BBBB");
    await expect(page.getByLabel("Code")).toBeFocused();
    for (let guess = 2; guess <= 10; guess += 1) {
      const answer = page.waitForResponse((response) => response.request().method() === "POST");
      await typeCode(page, "BBBB-BBBB");
      await answer;
      await expect(page.getByRole("button", { name: "Continue" })).not.toHaveAttribute(
        "aria-disabled",
        "true",
      );
    }
    await typeCode(page, device.user_code);
    await expect(page.getByText(/^Too many attempts\. Try again in 1\d minutes\.$/)).toBeVisible();
    await expect(question(page, device)).toHaveCount(0);
  }).toPass({ timeout: 50_000 });
});

test("a name or a program that pretends to be more than it is stays text", async ({
  page,
  browser,
  latchkey,
}) => {
  const { admin } = await signInAsSomebody(page, browser, latchkey);
  const device = await startDevice(admin, latchkey, `<b>Your bank</b> ${freshName()}`);
  await page.goto("/device");
  await typeCode(page, device.user_code);
  await expect(question(page, device)).toBeVisible();
  await expect(page.locator("main b")).toHaveCount(0);
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("the code is typed, refused, typed again, and the program let in", async ({
    page,
    browser,
    latchkey,
  }) => {
    const { admin } = await signInAsSomebody(page, browser, latchkey);
    const device = await startDevice(admin, latchkey);
    await page.goto("/device");
    await typeCode(page, "bbbb-bbbb");
    await expect(page.getByText(NO_SUCH_CODE)).toBeVisible();
    await expect(page.getByLabel("Code")).toHaveValue("bbbb-bbbb");
    await typeCode(page, device.user_code);
    await expect(question(page, device)).toBeVisible();
    expect(await poll(latchkey, device)).toBe("authorization_pending");
    await page.getByRole("button", { name: "Allow" }).click();
    await expect(page.getByText(/^The program is let in\./)).toBeVisible();
    expect(await poll(latchkey, device)).toBe("Bearer");
  });
});

test("axe finds nothing at any step, nor is one too wide for a phone", async ({
  page,
  browser,
  latchkey,
}) => {
  const { admin } = await signInAsSomebody(page, browser, latchkey);
  const device = await startDevice(admin, latchkey, `${"W".repeat(60)} ${freshName()}`);
  await page.setViewportSize({ width: 360, height: 740 });
  const expectSound = async (what: string) => {
    expect(await violationsOf(page), what).toEqual([]);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width, what).toBeLessThanOrEqual(360);
  };
  await page.goto("/device");
  await expectSound("the code");
  await typeCode(page, "BBBB-BBBB");
  await expect(page.getByText(NO_SUCH_CODE)).toBeVisible();
  await expectSound("a wrong code");
  await typeCode(page, device.user_code);
  await expect(question(page, device)).toBeVisible();
  await expectSound("who asks");
  await page.getByRole("button", { name: "Deny" }).click();
  await expect(page.getByText("The program is not let in.")).toBeVisible();
  await expectSound("answered");
});
