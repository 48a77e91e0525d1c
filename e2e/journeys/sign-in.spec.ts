import {
  ADMIN,
  acceptInvitation,
  anotherBrowser,
  cookieValue,
  expect,
  REFRESH_COOKIE,
  signIn,
  signInByForm,
  test,
} from "../support/journey";

test("login, reload, logout", async ({ page, context }) => {
  await signInByForm(page);
  await page.reload();
  await expect(page.getByRole("heading", { name: "Profile", level: 1 })).toBeVisible();
  for (const cookie of await context.cookies()) {
    expect(cookie).toMatchObject({ httpOnly: true, secure: true, sameSite: "Strict", path: "/" });
  }
  const copied = await context.cookies();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByText("You are signed out on this device.")).toBeVisible();
  expect(await context.cookies()).toEqual([]);

  await context.addCookies(copied);
  await page.goto("/account");
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
});

test("a wrong password keeps the address and says nothing about the account", async ({ page }) => {
  await page.goto("/login");
  await page.getByLabel("E-mail address").fill("nobody@example.com");
  await page.getByLabel("Password", { exact: true }).fill("not the right password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("The e-mail address or the password is not right.")).toBeVisible();
  await expect(page.getByLabel("E-mail address")).toHaveValue("nobody@example.com");
});

test("after login one arrives where one was going, and never on another site", async ({ page, latchkey }) => {
  await page.goto("/account/sessions?limit=10");
  await expect(page).toHaveURL(/\/login\?return_to=/);
  await page.getByLabel("E-mail address").fill(ADMIN.email);
  await page.getByLabel("Password", { exact: true }).fill(ADMIN.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(`${latchkey.origin}/account/sessions?limit=10`);
});

for (const target of [
  "https://evil.example",
  "//evil.example",
  "/\\evil.example",
  "/%2f%2fevil.example",
  "javascript:alert(1)",
]) {
  test(`a return_to of ${target} leads home`, async ({ page, latchkey }) => {
    await page.goto(`/login?return_to=${encodeURIComponent(target)}`);
    await page.getByLabel("E-mail address").fill(ADMIN.email);
    await page.getByLabel("Password", { exact: true }).fill(ADMIN.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByRole("heading", { name: "Profile", level: 1 })).toBeVisible();
    expect(new URL(page.url()).origin).toBe(latchkey.origin);
  });
}

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("login and logout work", async ({ page, context }) => {
    await signInByForm(page);
    expect(await cookieValue(context, REFRESH_COOKIE)).toBeDefined();
    await page.getByRole("button", { name: "Sign out" }).click();
    await expect(page.getByText("You are signed out on this device.")).toBeVisible();
    expect(await context.cookies()).toEqual([]);
  });

  test("a wrong password is said, and the address kept", async ({ page }) => {
    await page.goto("/login");
    await page.getByLabel("E-mail address").fill(ADMIN.email);
    await page.getByLabel("Password", { exact: true }).fill("not the right password");
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByText("The e-mail address or the password is not right.")).toBeVisible();
    await expect(page.getByLabel("E-mail address")).toHaveValue(ADMIN.email);
  });
});

test("a signed-out program is told, a signed-out person is taken to the login page", async ({
  page,
  request,
}) => {
  const answer = await request.get("/api/auth/session");
  expect(answer.status()).toBe(401);
  expect(answer.headers()["content-type"]).toBe("application/problem+json");
  expect(answer.headers()["www-authenticate"]).toBe("Bearer");
  await page.goto("/admin/users");
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
});

test("an administrator invites somebody, who chooses a password and signs in with it", async ({
  page,
  browser,
  latchkey,
}) => {
  await signIn(page);
  await page.goto("/admin/users");
  const somebody = { email: `invited-${process.pid}@example.com`, password: "lanterns over the weir" };
  const form = page.getByRole("form", { name: "Invite a person" });
  await form.getByLabel("E-mail address").fill(somebody.email);
  await form.getByRole("button", { name: "Invite" }).click();
  const link = await page.getByLabel(`Invitation link for ${somebody.email}`).inputValue();
  const theirs = await anotherBrowser(browser, latchkey);
  await acceptInvitation(theirs, link, somebody.password);
  await signInByForm(await anotherBrowser(browser, latchkey), somebody);
});
