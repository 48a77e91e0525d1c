import { type Browser, type BrowserContext, test as base, expect, type Page } from "playwright/test";
import { type RunningLatchkey, startLatchkey } from "./latchkey";

export { expect };

export const ADMIN = { email: "ada@example.com", password: "seven kettles sing at dawn" };
export const ACCESS_COOKIE = "__Host-Http-access";
export const REFRESH_COOKIE = "__Host-Http-refresh";

interface WorkerFixtures {
  /** Tests that leave behind what others would trip over name another one. */
  serverName: string;
  /** One server for all tests of a worker that name the same one, with ADMIN as its first administrator. */
  latchkey: RunningLatchkey;
}

/** Every page of every test is watched: a violation of the content security policy fails it. */
export const test = base.extend<{ watched: undefined }, WorkerFixtures>({
  serverName: ["shared", { scope: "worker", option: true }],
  latchkey: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's needs from this pattern.
    async ({}, use) => {
      const latchkey = await startLatchkey({
        env: { BOOTSTRAP_ADMIN_EMAIL: ADMIN.email, BOOTSTRAP_ADMIN_PASSWORD: ADMIN.password },
        ready: /The first administrator is/,
      });
      await use(latchkey);
      await latchkey.stop();
    },
    { scope: "worker", timeout: 120_000 },
  ],
  baseURL: async ({ latchkey }, use) => use(latchkey.origin),
  watched: [
    async ({ context }, use) => {
      const violations = watchPolicy(context);
      await use(undefined);
      expect(violations).toEqual([]);
    },
    { auto: true },
  ],
});

/** Collects what the browser blocks in this context, as it says it on the console. */
export function watchPolicy(context: BrowserContext): string[] {
  const violations: string[] = [];
  context.on("console", (message) => {
    const text = message.text();
    if (/Content[- ]Security[- ]Policy|TrustedScript|TrustedHTML/i.test(text)) violations.push(text);
  });
  return violations;
}

/** As a program would, which takes a fraction of the time that the form takes; the browser is at the profile then. */
export async function signIn(page: Page, person: { email: string; password: string } = ADMIN): Promise<void> {
  const { email, password } = person;
  const answer = await page.request.post("/api/auth/login", { data: { email, password } });
  expect(answer.status(), await answer.text()).toBe(200);
  await page.goto("/account");
}

/**
 * Goes there as a person does, who clicks once the page can answer: until then a button that would ask first sends its
 * form at once, as without JavaScript.
 */
export async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await untilAlive(page);
}

/** Resolves when React has taken over what the server has sent. */
export async function untilAlive(page: Page): Promise<void> {
  await page.waitForFunction(() =>
    [...document.querySelectorAll("button")].every((button) =>
      Object.keys(button).some((key) => key.startsWith("__reactProps")),
    ),
  );
}

/** As a person would. */
export async function signInByForm(
  page: Page,
  person: { email: string; password: string } = ADMIN,
): Promise<void> {
  await page.goto("/login");
  await page.getByLabel("E-mail address").fill(person.email);
  await page.getByLabel("Password", { exact: true }).fill(person.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { name: "Profile", level: 1 })).toBeVisible();
}

/** A browser of its own for another person or device. */
export async function anotherBrowser(browser: Browser, latchkey: RunningLatchkey): Promise<Page> {
  const context = await browser.newContext({ baseURL: latchkey.origin });
  return context.newPage();
}

let invited = 0;

/** Invites somebody as the signed-in administrator of `page`, by the API, and joins as them. */
export async function inviteSomebody(
  page: Page,
  browser: Browser,
  latchkey: RunningLatchkey,
): Promise<{ page: Page; email: string; password: string }> {
  invited += 1;
  const email = `person-${process.pid}-${invited}@example.com`;
  const password = `quiet harbour ${invited} under slate`;
  const headers = { origin: latchkey.origin };
  const answer = await page.request.post("/api/admin/users", { headers, data: { email } });
  expect(answer.status(), await answer.text()).toBe(201);
  const theirs = await anotherBrowser(browser, latchkey);
  await acceptInvitation(theirs, (await answer.json()).link.url, password);
  return { page: theirs, email, password };
}

export async function acceptInvitation(page: Page, link: string, password: string): Promise<void> {
  await page.goto(link);
  await page.getByLabel("New password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.getByRole("heading", { name: "Profile", level: 1 })).toBeVisible();
}

/** As the signed-in administrator of `page`: ends the one live session of that person. */
export async function endSessionOf(page: Page, email: string, reason: string): Promise<void> {
  await open(page, `/admin/sessions?q=${encodeURIComponent(email)}`);
  await page.getByRole("checkbox", { name: new RegExp(email) }).check();
  const list = page.getByRole("form", { name: "Sessions", exact: true });
  await list.getByLabel("Reason, for the audit log").fill(reason);
  await list.getByRole("button", { name: "End ticked sessions" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "End sessions" }).click();
  await expect(page.getByText("One session is ended.")).toBeVisible();
}

/** As when the access token's time has passed: the browser has dropped its cookie. */
export const expireAccessToken = (context: BrowserContext): Promise<void> =>
  context.clearCookies({ name: ACCESS_COOKIE });

export async function cookieValue(context: BrowserContext, name: string): Promise<string | undefined> {
  return (await context.cookies()).find((cookie) => cookie.name === name)?.value;
}
