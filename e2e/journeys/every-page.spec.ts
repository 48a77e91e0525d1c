import type { Page } from "playwright/test";
import { violationsOf } from "../support/accessibility";
import { expect, signIn, test } from "../support/journey";

const PUBLIC_PAGES = [
  "/login",
  "/signup",
  "/setup",
  "/setup?token=x",
  "/reset-password?token=x",
  "/signup?token=x",
];
const SIGNED_IN_PAGES = [
  "/account",
  "/account/security",
  "/account/sessions",
  "/admin/sessions",
  "/admin/sessions?state=all",
  "/admin/users",
  "/admin/keys",
  "/login?reason=confirm",
  "/no-such-page",
];

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`in the ${colorScheme} theme`, () => {
    test.use({ colorScheme });

    test("axe finds nothing on a stranger's pages", async ({ page }) => {
      for (const path of PUBLIC_PAGES) {
        await page.goto(path);
        await untilShown(page);
        expect(await violationsOf(page), path).toEqual([]);
      }
    });

    test("axe finds nothing on a signed-in administrator's pages", async ({ page }) => {
      await signIn(page);
      for (const path of SIGNED_IN_PAGES) {
        await page.goto(path);
        await untilShown(page);
        expect(await violationsOf(page), path).toEqual([]);
      }
    });
  });
}

const untilShown = (page: Page) => expect(page.getByRole("heading", { level: 1 })).toBeVisible();

test("no page is wider than a small phone", async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await signIn(page);
  for (const path of SIGNED_IN_PAGES) {
    await page.goto(path);
    await untilShown(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(360);
  }
});
