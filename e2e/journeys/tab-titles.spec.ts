import type { Page } from "playwright/test";
import { ACCOUNT_MENU, ADMIN_MENU } from "../../app/_parts/menus";
import { freshName } from "../support/console";
import { expect, open, signIn, test, untilAlive } from "../support/journey";

/** Takes down every title that the tab has from now on, "" too. */
async function watchTitles(page: Page): Promise<() => Promise<string[]>> {
  const titles = await page.evaluateHandle(() => {
    const seen = [document.title];
    const look = () => {
      if (seen.at(-1) !== document.title) seen.push(document.title);
    };
    const everything = { subtree: true, childList: true, characterData: true };
    new MutationObserver(look).observe(document.documentElement, everything);
    return seen;
  });
  return () => titles.jsonValue();
}

test("the tab goes from the title of a page to that of the next, and is never without one", async ({
  page,
}) => {
  await signIn(page);
  await untilAlive(page);
  const titles = await watchTitles(page);
  const links = [ACCOUNT_MENU, ADMIN_MENU].flatMap(({ items }) => items).slice(1);
  const visited = ["Profile · Latchkey"];
  for (const { href } of links) {
    await page.locator(`nav a[href="${href}"]`).filter({ visible: true }).click();
    await expect(page).toHaveURL(href);
    visited.push(`${await page.getByRole("heading", { level: 1 }).textContent()} · Latchkey`);
    await expect(page).toHaveTitle(String(visited.at(-1)));
  }
  expect(await titles()).toEqual(visited);
});

test("an answer that renders its page anew leaves the title as it is", async ({ page }) => {
  await signIn(page);
  await open(page, "/admin/clients");
  const titles = await watchTitles(page);
  const form = page.getByRole("form", { name: "Add a client" });
  const name = freshName("titled");
  await form.getByLabel("Name").fill(name);
  await form.getByLabel("Redirect URIs").first().fill("https://orders.example/callback");
  await form.getByRole("button", { name: "Add client" }).click();
  await expect(page.getByText(`${name} is added.`)).toBeVisible();
  expect(await titles()).toEqual(["Clients · Latchkey"]);
});
