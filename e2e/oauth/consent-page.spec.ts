import { violationsOf } from "../support/accessibility";
import { anotherBrowser, expect, signIn, test, watchPolicy } from "../support/journey";
import { openOtherSite } from "../support/other-site";
import { type App, allow, followLink, OTHER_HOSTS, openApp, question } from "./support/app-site";
import { begin } from "./support/client";

/** The page that asks, and the page that says why nobody is asked. */
test.use({ serverName: "with an app", ...OTHER_HOSTS });

let app: App;
test.afterEach(() => app.close());

const addressWith = async (parameters: Record<string, string> = {}) =>
  (await begin(app, app.client, { redirect_uri: app.redirectUri, ...parameters })).address.href;

test("it says who asks, for what, for whom, and where that leads", async ({ page, latchkey }) => {
  await signIn(page);
  app = await openApp(page, latchkey);
  await page.goto(await addressWith({ scope: "openid email offline_access" }));
  await expect(question(page, app)).toBeVisible();
  const main = page.getByRole("main");
  await expect(main).toContainText("ada@example.com");
  await expect(main).toContainText(new URL(app.url).host);
  await expect(main).toContainText(/Know who you are.*See your e-mail address.*Stay connected/s);
});

test("it says so where an app asks for nothing", async ({ page, latchkey }) => {
  await signIn(page);
  app = await openApp(page, latchkey, { scope: "" });
  await page.goto(await addressWith({ scope: "" }));
  await expect(allow(page)).toBeVisible();
  await expect(page.getByRole("listitem").filter({ hasText: "Know that you are here" })).toHaveCount(1);
});

test("a client's name is text, whatever it says", async ({ page, latchkey }) => {
  await signIn(page);
  app = await openApp(page, latchkey, {
    name: `<img src=x onerror=alert(1)> https://evil.example ${Date.now()}`,
  });
  await page.goto(await addressWith());
  await expect(allow(page)).toBeVisible();
  await expect(page.getByRole("main").locator("img, a[href*=evil]")).toHaveCount(0);
});

test("nobody can put it in a frame", async ({ page, browser, latchkey }) => {
  await signIn(page);
  app = await openApp(page, latchkey);
  const address = await addressWith();
  // Without the watch of the content security policy: a violation is what is expected here.
  const context = await browser.newContext({ storageState: await page.context().storageState() });
  const violations = watchPolicy(context);
  const attacker = await context.newPage();
  for (const src of [address, address.replace("/oauth/authorize", "/oauth/consent")]) {
    const site = await openOtherSite(`<iframe src="${src.replaceAll("&", "&amp;")}"></iframe>`);
    await attacker.goto(site.url);
    const frame = attacker.frames()[1];
    await expect
      .poll(() => violations.length + Number(frame?.url().startsWith("chrome-error")))
      .toBeGreaterThan(0);
    await expect(attacker.frameLocator("iframe").getByRole("button")).toHaveCount(0);
    site.close();
  }
  await context.close();
});

test("the keyboard alone is enough", async ({ page, latchkey }) => {
  await signIn(page);
  app = await openApp(page, latchkey);
  await page.goto(await addressWith());
  await allow(page).focus();
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.href.startsWith(`${app.redirectUri}?`));
});

test("axe finds nothing on either page, nor is one too wide for a phone", async ({
  page,
  browser,
  latchkey,
}, testInfo) => {
  const admin = await anotherBrowser(browser, latchkey);
  await signIn(admin);
  app = await openApp(admin, latchkey, { name: `${"W".repeat(60)} ${Date.now()}` });
  await signIn(page);
  const expectSound = async (what: string) => {
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 740 });
      expect(await violationsOf(page), what).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), what).toBeLessThanOrEqual(
        width,
      );
      await page.screenshot({ path: testInfo.outputPath(`${what}-${width}.png`), fullPage: true });
    }
  };
  await page.goto(await addressWith({ scope: "openid email offline_access" }));
  await expect(allow(page)).toBeVisible();
  await expectSound("consent");
  await page.goto(await addressWith({ redirect_uri: `https://evil.example/${"x".repeat(300)}` }));
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expectSound("error");
});

test("the error page names no address to go to, and is no dead end", async ({ page, latchkey }) => {
  await signIn(page);
  app = await openApp(page, latchkey);
  const { address } = await begin(app, app.client, { redirect_uri: "https://evil.example/" });
  await followLink(page, app, { address });
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  for (const link of await page.getByRole("link").all())
    expect(await link.getAttribute("href")).toMatch(/^[/#]/);
  expect(new URL(page.url()).origin).toBe(latchkey.origin);
});
