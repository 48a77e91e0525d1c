import type { Page } from "playwright/test";
import { violationsOf } from "../support/accessibility";
import { expect, signIn, test } from "../support/journey";
import type { RunningLatchkey } from "../support/latchkey";

const PUBLIC_PAGES = [
  "/login",
  "/signup",
  "/setup",
  "/setup?token=x",
  "/sign-out",
  "/reset-password?token=x",
  "/signup?token=x",
];
/** One of each profile that has parts of its own on its page. */
const AUDIENCES = ["mesh", "legacy"];
const SIGNED_IN_PAGES = [
  "/account",
  "/account/security",
  "/account/sessions",
  "/account/apps",
  "/device",
  "/sign-out",
  "/login?reason=switch",
  "/admin/sessions",
  "/admin/sessions?state=all",
  "/admin/users",
  "/admin/keys",
  "/admin/audiences",
  "/admin/clients",
  ...AUDIENCES.map((profile) => `/admin/audiences/view?identifier=${profile}`),
  "/login?reason=confirm",
  "/no-such-page",
];

test.use({ serverName: "with audiences" });

/** Signed in as the administrator, with every page there. */
async function signInToEveryPage(page: Page, latchkey: RunningLatchkey): Promise<void> {
  await signIn(page);
  const headers = { origin: latchkey.origin };
  for (const profile of AUDIENCES) {
    const data = { identifier: profile, profile };
    const answer = await page.request.post("/api/admin/audiences", { headers, data });
    expect([201, 409]).toContain(answer.status());
  }
}

test("axe finds nothing on a stranger's pages", async ({ page }) => {
  for (const path of PUBLIC_PAGES) {
    await page.goto(path);
    await untilShown(page);
    expect(await violationsOf(page), path).toEqual([]);
  }
});

test("axe finds nothing on a signed-in administrator's pages", async ({ page, latchkey }) => {
  test.slow();
  await signInToEveryPage(page, latchkey);
  for (const path of SIGNED_IN_PAGES) {
    await page.goto(path);
    await untilShown(page);
    expect(await violationsOf(page), path).toEqual([]);
  }
});

/** Every page has one heading of the first level, and its tab is called by it. */
async function untilShown(page: Page): Promise<void> {
  const heading = page.getByRole("heading", { level: 1 });
  await expect(heading).toBeVisible();
  await expect(page).toHaveTitle(`${await heading.textContent()} · Latchkey`);
}

test("no page is wider than a small phone", async ({ page, latchkey }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await signInToEveryPage(page, latchkey);
  for (const path of SIGNED_IN_PAGES) {
    await page.goto(path);
    await untilShown(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(360);
  }
});
