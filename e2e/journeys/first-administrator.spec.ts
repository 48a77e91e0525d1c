import { expect, test } from "playwright/test";
import { startLatchkey } from "../support/latchkey";

test("the printed link creates the first administrator, once", async ({ page }) => {
  const latchkey = await startLatchkey();
  await page.goto(latchkey.setupLink);
  await page.getByLabel("E-mail address").fill("ada@example.com");
  await page.getByLabel("Password", { exact: true }).fill("too short");
  await page.getByRole("button", { name: "Create administrator" }).click();
  await expect(page.getByText(/at least 15 characters/i).first()).toBeVisible();
  await expect(page.getByLabel("E-mail address")).toHaveValue("ada@example.com");

  await page.getByLabel("Password", { exact: true }).fill("seven kettles sing at dawn");
  await page.getByRole("button", { name: "Create administrator" }).click();
  await expect(page.getByRole("heading", { name: "Profile", level: 1 })).toBeVisible();
  await page.goto(`${latchkey.origin}/admin/users`);
  await expect(page.getByRole("table", { name: "Users" }).getByText("ada@example.com")).toBeVisible();

  await page.goto(latchkey.setupLink);
  await expect(page.getByRole("heading", { name: "Latchkey is set up" })).toBeVisible();
  await latchkey.stop();
});
