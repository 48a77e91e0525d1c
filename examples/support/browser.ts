import { type Browser, chromium, type Page } from "playwright";
import type { Person } from "../../e2e/instances/support/visitor";

/** `npm test` sets CHROMIUM_PATH; without it, Playwright's own browser. */
export function startBrowser(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM_PATH;
  return chromium.launch(executablePath ? { executablePath } : {});
}

/** The browser of somebody who was nowhere yet. */
export const openPage = async (browser: Browser): Promise<Page> => (await browser.newContext()).newPage();

/** On Latchkey's sign-in page, to which the page leads just now. */
export async function signInAs(page: Page, { email, password }: Person): Promise<void> {
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** On Latchkey's question whether a client may, to which the page leads just now. */
export const answerConsent = (page: Page, answer: "Allow" | "Deny"): Promise<void> =>
  page.getByRole("button", { name: answer }).click();
