import type { BrowserContext, Locator, Page } from "playwright/test";
import { ACCESS_COOKIE, ADMIN, cookieValue, expect, expireAccessToken } from "./journey";
import type { RunningLatchkey } from "./latchkey";
import { queryDatabase } from "./query-database";

/** What the pages of the console share: sign-ins that have grown old, dialogs, and what is told once. */

export const STALE = "This needs a sign-in of the last 15 minutes.";

let made = 0;
/** A name that nothing else of this run has. */
export function freshName(kind: string): string {
  made += 1;
  return `${kind}-${process.pid}-${made}`;
}

/** As when that session's person signed in a while ago. */
export const ageSession = (databaseUrl: string, sessionId: string) =>
  queryDatabase(
    databaseUrl,
    "UPDATE sessions SET authenticated_at = authenticated_at - interval '16 min' WHERE id = $1",
    [sessionId],
  );

/** As when the person of this browser signed in a while ago. */
export async function ageSignIn(context: BrowserContext, latchkey: RunningLatchkey): Promise<void> {
  const token = await cookieValue(context, ACCESS_COOKIE);
  const { sid } = JSON.parse(Buffer.from(token?.split(".")[1] ?? "", "base64url").toString());
  await ageSession(latchkey.databaseUrl, sid);
  await expireAccessToken(context);
}

export async function confirmIdentity(page: Page, within: Locator | Page = page): Promise<void> {
  await within.getByRole("link", { name: "Confirm it is you" }).click();
  await page.getByLabel("Password", { exact: true }).fill(ADMIN.password);
  await page.getByRole("button", { name: "Confirm" }).click();
}

/** In the dialog that is open. */
export async function confirmIn(page: Page, label: string): Promise<void> {
  await page.getByRole("alertdialog").getByRole("button", { name: label }).click();
}

/** Presses Copy beside the field, and takes what is in the clipboard. */
export async function copied(page: Page, label: string): Promise<string> {
  const field = page.getByLabel(label, { exact: true });
  const whole = field.locator("../..");
  await whole.getByRole("button", { name: "Copy" }).click();
  await expect(whole.getByText("Copied.")).toBeVisible();
  const text = await pasted(page);
  expect(text).toBe(await field.inputValue());
  return text;
}

/** What the clipboard holds: no page of ours may read it, so it is pasted into one. */
export async function pasted(page: Page): Promise<string> {
  const other = await page.context().newPage();
  await other.goto("/admin/clients");
  const area = other.getByRole("form", { name: "Add a client" }).getByLabel("Audiences");
  await area.focus();
  await other.keyboard.press("ControlOrMeta+V");
  const text = await area.inputValue();
  await other.close();
  return text;
}
