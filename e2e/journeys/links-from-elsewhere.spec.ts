import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, signIn, test } from "../support/journey";

/** Another site: to a browser `127.0.0.1` and `localhost` are two. */
async function otherSite(body: string, location?: string): Promise<{ url: string; server: Server }> {
  const server = createServer((_request, response) => {
    response.writeHead(location === undefined ? 200 : 302, {
      "Content-Type": "text/html",
      ...(location ? { Location: location } : {}),
    });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server };
}

const profile = { name: "Profile", level: 1 } as const;

test("a link from another site arrives signed in", async ({ page, latchkey }) => {
  await signIn(page);
  const site = await otherSite(`<a href="${latchkey.origin}/account">open</a>`);
  await page.goto(site.url);
  await page.getByRole("link", { name: "open" }).click();
  await expect(page.getByRole("heading", profile)).toBeVisible();
  site.server.close();
});

test("a chain of redirects from another site arrives signed in", async ({ page, latchkey }) => {
  await signIn(page);
  const last = await otherSite("", `${latchkey.origin}/account`);
  const first = await otherSite(`<a href="${last.url}">open</a>`);
  await page.goto(first.url);
  await page.getByRole("link", { name: "open" }).click();
  await expect(page.getByRole("heading", profile)).toBeVisible();
  first.server.close();
  last.server.close();
});

test("a form posted from another site is refused, and changes nothing", async ({ page, latchkey }) => {
  await signIn(page);
  const site = await otherSite(
    `<form method="post" action="${latchkey.origin}/account"><input name="name" value="Mallory"><button>send</button></form>`,
  );
  await page.goto(site.url);
  const answer = page.waitForResponse((response) => response.url() === `${latchkey.origin}/account`);
  await page.getByRole("button", { name: "send" }).click();
  expect((await answer).status()).toBe(403);
  // The answer comes before its page, which would interrupt the way to the next.
  await page.waitForURL("/account");
  await page.goto("/account");
  await expect(page.getByRole("textbox", { name: /^Name/ })).not.toHaveValue("Mallory");
  site.server.close();
});

test("a stranger who follows a link from another site is asked to sign in", async ({ page, latchkey }) => {
  const site = await otherSite(`<a href="${latchkey.origin}/account">open</a>`);
  await page.goto(site.url);
  await page.getByRole("link", { name: "open" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  site.server.close();
});
