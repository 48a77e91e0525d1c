import type { Page } from "playwright/test";
import {
  anotherBrowser,
  endSessionOf,
  expect,
  inviteSomebody,
  open,
  REFRESH_COOKIE,
  signIn,
  signInByForm,
  test,
  untilAlive,
} from "../support/journey";

const signOut = (page: Page) => page.getByRole("button", { name: "Sign out" }).click();

async function expectSignedOut(page: Page): Promise<void> {
  await expect(page).toHaveURL(/\/login\?/);
  await expect(page.getByText("You are signed out on this device.")).toBeVisible();
}

test("signing out of a session that an administrator has ended leads to the login page", async ({
  page,
  browser,
  latchkey,
}) => {
  await signIn(page);
  const person = await inviteSomebody(page, browser, latchkey);
  await endSessionOf(page, person.email, "left the company");

  await signOut(person.page);
  await expectSignedOut(person.page);
  await signInByForm(person.page, person);
});

test("so does signing out of one that another device has ended, on an administrator's page too", async ({
  page,
  browser,
  latchkey,
}) => {
  await signIn(page);
  const other = await anotherBrowser(browser, latchkey);
  await signIn(other);
  await open(other, "/admin/users");
  await open(page, "/account/sessions");
  await page.getByRole("button", { name: "End all other sessions" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "End the others" }).click();
  await expect(page.getByRole("status")).toContainText(/ended/);

  await signOut(other);
  await expectSignedOut(other);
});

test("while Latchkey cannot be reached, signing out says so, and works afterwards", async ({
  page,
  context,
}) => {
  await signIn(page);
  await untilAlive(page);
  await context.setOffline(true);
  await signOut(page);
  await expect(page.getByText("Check your connection and try again.")).toBeVisible();
  await expect(page.getByRole("heading", { name: "Profile", level: 1 })).toBeVisible();
  expect((await context.cookies()).map(({ name }) => name)).toContain(REFRESH_COOKIE);

  await context.setOffline(false);
  await signOut(page);
  await expectSignedOut(page);
});

test("during an outage it says that nothing was lost", async ({ page }) => {
  await signIn(page);
  await untilAlive(page);
  // As middleware answers an action while the database cannot be asked.
  const outage = { status: 503, contentType: "text/plain", body: "unavailable" };
  await page.route("/account", (route) =>
    route.request().method() === "POST" ? route.fulfill(outage) : route.continue(),
  );
  await signOut(page);
  await expect(page.getByText("Not available for a moment. Nothing was lost; try again.")).toBeVisible();
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("signing out of an ended session leads to the login page", async ({ page, browser, latchkey }) => {
    await signIn(page);
    const other = await anotherBrowser(browser, latchkey);
    await signIn(other);
    await other.goto("/account/sessions");
    await other.getByRole("button", { name: "End all other sessions" }).click();
    await expect(other.getByRole("status")).toContainText(/ended/);

    await signOut(page);
    await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  });
});
