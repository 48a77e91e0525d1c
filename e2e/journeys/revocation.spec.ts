import {
  ACCESS_COOKIE,
  anotherBrowser,
  cookieValue,
  endSessionOf,
  expect,
  inviteSomebody,
  open,
  signIn,
  test,
} from "../support/journey";

test("an administrator ends a session in another browser, and its next request is refused", async ({
  page,
  browser,
  latchkey,
  request,
}) => {
  await signIn(page);
  const person = await inviteSomebody(page, browser, latchkey);
  const token = await cookieValue(person.page.context(), ACCESS_COOKIE);

  await endSessionOf(page, person.email, "laptop stolen");

  await person.page.reload();
  await expect(person.page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  const answer = await request.get("/api/auth/session", { headers: { Authorization: `Bearer ${token}` } });
  expect(answer.status()).toBe(401);
  expect(answer.headers()["www-authenticate"]).toBe('Bearer error="invalid_token"');
});

test("a person ends another of their sessions, and then all others", async ({ page, browser, latchkey }) => {
  await signIn(page);
  const person = await inviteSomebody(page, browser, latchkey);
  const [second, third] = [await anotherBrowser(browser, latchkey), await anotherBrowser(browser, latchkey)];
  await signIn(second, person);
  await signIn(third, person);

  await open(second, "/account/sessions");
  await expect(second.getByText("This device")).toHaveCount(1);
  await second
    .getByRole("button", { name: /^End the session on/ })
    .first()
    .click();
  await second.getByRole("alertdialog").getByRole("button", { name: "End session" }).click();
  await expect(second.getByText("One session is ended.")).toBeVisible();
  await second.getByRole("button", { name: "End all other sessions" }).click();
  await second.getByRole("alertdialog").getByRole("button", { name: "End the others" }).click();
  await expect(second.getByRole("button", { name: "End all other sessions" })).toHaveCount(0);

  for (const ended of [person.page, third]) {
    await ended.reload();
    await expect(ended.getByRole("heading", { name: "Sign in" })).toBeVisible();
  }
  await second.reload();
  await expect(second.getByRole("heading", { name: "Sessions", level: 1 })).toBeVisible();
});

test("a password change ends every other session", async ({ page, browser, latchkey }) => {
  await signIn(page);
  const person = await inviteSomebody(page, browser, latchkey);
  const other = await anotherBrowser(browser, latchkey);
  await signIn(other, person);

  await other.goto("/account/security");
  await other.getByLabel("Current password", { exact: true }).fill(person.password);
  await other.getByLabel("New password", { exact: true }).fill("eleven lanterns cross the moor");
  await other
    .getByRole("button", { name: /password/i })
    .last()
    .click();
  await expect(other.getByRole("status")).toBeVisible();
  await other.reload();
  await expect(other.getByLabel("Current password", { exact: true })).toBeVisible();
  await person.page.reload();
  await expect(person.page.getByRole("heading", { name: "Sign in" })).toBeVisible();
});

test("disabling an account ends its sessions; a reset link works once", async ({
  page,
  browser,
  latchkey,
}) => {
  await signIn(page);
  const person = await inviteSomebody(page, browser, latchkey);
  await open(page, `/admin/users?q=${encodeURIComponent(person.email)}`);
  await page.getByLabel(`Manage ${person.email}`).click();
  await page.getByRole("button", { name: "Disable", exact: true }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Disable account" }).click();
  await expect(page.getByText(`${person.email} is disabled`)).toBeVisible();
  await person.page.reload();
  await expect(person.page.getByRole("heading", { name: "Sign in" })).toBeVisible();

  await page.reload();
  await page.getByLabel(`Manage ${person.email}`).click();
  await page.getByRole("button", { name: "Enable" }).click();
  await expect(page.getByText(`${person.email} is enabled`)).toBeVisible();
  await page.reload();
  await page.getByLabel(`Manage ${person.email}`).click();
  await page.getByRole("button", { name: "Password reset link" }).click();
  const link = await page.getByLabel(`One-time link for ${person.email}`).inputValue();
  await person.page.goto(link);
  await person.page
    .getByLabel(/password/i)
    .first()
    .fill("nine owls count the stars");
  await person.page
    .getByRole("button", { name: /password/i })
    .last()
    .click();
  await expect(person.page.getByRole("heading", { name: "Profile", level: 1 })).toBeVisible();
  const stranger = await anotherBrowser(browser, latchkey);
  await stranger.goto(link);
  await expect(stranger.getByLabel(/password/i)).toHaveCount(0);
});
