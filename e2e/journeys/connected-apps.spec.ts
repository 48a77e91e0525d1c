import { createHash, randomBytes } from "node:crypto";
import type { Page } from "playwright/test";
import { violationsOf } from "../support/accessibility";
import { giveGrant } from "../support/give-grant";
import { ADMIN, expect, inviteSomebody, open, signIn, test } from "../support/journey";
import type { RunningLatchkey } from "../support/latchkey";
import { queryDatabase } from "../support/query-database";

let made = 0;
const freshName = (): string => {
  made += 1;
  return `App ${process.pid}-${made}`;
};

const PATH = "/account/apps";
const REDIRECT_URI = "http://127.0.0.1/callback";
const SCOPE = "openid email offline_access";
const rowOf = (page: Page, name: string) =>
  page.getByRole("table", { name: "Connected apps" }).getByRole("row").filter({ hasText: name });

/** Registers a client as the administrator who is signed in, and returns its id. */
async function addClient(page: Page, { origin }: RunningLatchkey, name: string): Promise<string> {
  const data = { name, authMethod: "none", redirectUris: [REDIRECT_URI], scope: SCOPE };
  const answer = await page.request.post("/api/admin/clients", { headers: { origin }, data });
  expect(answer.status(), await answer.text()).toBe(201);
  return (await answer.json()).client.id;
}

const letIn = (latchkey: RunningLatchkey, email: string, clientId: string) =>
  giveGrant(latchkey, {
    email,
    clientId,
    audience: `${latchkey.origin}/oauth/userinfo`,
    scope: SCOPE,
  });

/** Lets the app in as a person does: in the browser, by its consent page. Returns what the app gets. */
async function letInByConsent(page: Page, latchkey: RunningLatchkey, clientId: string) {
  const verifier = randomBytes(32).toString("base64url");
  const search = new URLSearchParams({
    response_type: "code",
    client_id: clientId,
    redirect_uri: REDIRECT_URI,
    scope: SCOPE,
    state: "s",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  });
  await page.route(`${REDIRECT_URI}**`, (route) => route.fulfill({ body: "Back in the app." }));
  await page.goto(`/oauth/authorize?${search}`);
  await page.getByRole("button", { name: "Allow" }).click();
  await expect(page.getByText("Back in the app.")).toBeVisible();
  const code = new URL(page.url()).searchParams.get("code") ?? "";
  const answer = await askForTokens(latchkey, {
    grant_type: "authorization_code",
    client_id: clientId,
    redirect_uri: REDIRECT_URI,
    code,
    code_verifier: verifier,
  });
  expect(answer.status, await answer.clone().text()).toBe(200);
  return answer.json();
}

const askForTokens = ({ origin }: RunningLatchkey, form: Record<string, string>): Promise<Response> =>
  fetch(`${origin}/oauth/token`, { method: "POST", body: new URLSearchParams(form) });

/** Why the grant ended, and how much of a consent is left. */
async function stateOf({ databaseUrl }: RunningLatchkey, grantId: string) {
  const [row] = await queryDatabase<{ end_reason: string | null; consents: number }>(
    databaseUrl,
    `SELECT end_reason, (SELECT count(*)::int FROM consents c
       WHERE c.user_id = s.user_id AND c.client_id = s.client_id) AS consents
     FROM sessions s WHERE id = $1`,
    [grantId],
  );
  return row;
}

test.use({ serverName: "with clients" });
test.beforeEach(async ({ page }) => {
  await signIn(page);
});

test("whoever has let nothing in reads so", async ({ page, browser, latchkey }) => {
  const person = await inviteSomebody(page, browser, latchkey);
  await person.page.getByRole("link", { name: "Connected apps" }).click();
  await expect(person.page.getByRole("heading", { name: "Connected apps", level: 1 })).toBeVisible();
  await expect(person.page.getByText("No app is connected")).toBeVisible();
  await expect(person.page.getByRole("button", { name: "Disconnect" })).toHaveCount(0);
});

test("an app is listed with what it may do, and is disconnected for this person alone", async ({
  page,
  browser,
  latchkey,
}) => {
  const [name, otherName] = [freshName(), freshName()];
  const clientId = await addClient(page, latchkey, name);
  const otherId = await addClient(page, latchkey, otherName);
  const person = await inviteSomebody(page, browser, latchkey);
  const theirs = await letIn(latchkey, person.email, clientId);
  const kept = await letIn(latchkey, person.email, otherId);
  const ofAdmin = await letIn(latchkey, ADMIN.email, clientId);

  await open(person.page, PATH);
  const row = rowOf(person.page, name);
  await expect(row).toContainText(/Know who you are.*See your e-mail address.*Stay connected/s);
  await expect(row).toContainText("192.0.2.7");
  await row.getByRole("button", { name: `Disconnect ${name}` }).click();
  const dialog = person.page.getByRole("alertdialog");
  await expect(dialog).toContainText(name);
  await dialog.getByRole("button", { name: "Cancel" }).click();
  expect(await stateOf(latchkey, theirs)).toEqual({ end_reason: null, consents: 1 });

  await row.getByRole("button", { name: `Disconnect ${name}` }).click();
  await dialog.getByRole("button", { name: "Disconnect" }).click();
  await expect(person.page.getByText("The app is disconnected.")).toBeVisible();
  await expect(row).toHaveCount(0);
  await expect(rowOf(person.page, otherName)).toBeVisible();
  expect(await stateOf(latchkey, theirs)).toEqual({ end_reason: "revoked_by_user", consents: 0 });
  expect(await stateOf(latchkey, kept)).toEqual({ end_reason: null, consents: 1 });
  expect(await stateOf(latchkey, ofAdmin)).toEqual({ end_reason: null, consents: 1 });
  await page.goto(PATH);
  await expect(rowOf(page, name)).toBeVisible();
});

test("an app that was let in by its consent page gets nothing more once it is disconnected", async ({
  page,
  latchkey,
}) => {
  const name = freshName();
  const clientId = await addClient(page, latchkey, name);
  const { refresh_token: first } = await letInByConsent(page, latchkey, clientId);
  const refresh = (token: string) =>
    askForTokens(latchkey, { grant_type: "refresh_token", client_id: clientId, refresh_token: token });
  const renewed = await refresh(first);
  expect(renewed.status).toBe(200);
  const { refresh_token: second, access_token: accessToken } = await renewed.json();
  const userinfo = () =>
    fetch(`${latchkey.origin}/oauth/userinfo`, { headers: { authorization: `Bearer ${accessToken}` } });
  expect((await userinfo()).status).toBe(200);

  await open(page, PATH);
  await expect(rowOf(page, name)).toContainText("Know who you are");
  await page.getByRole("button", { name: `Disconnect ${name}` }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Disconnect" }).click();
  await expect(rowOf(page, name)).toHaveCount(0);
  expect((await userinfo()).status).toBe(401);
  const refused = await refresh(second);
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({ error: "invalid_grant" });
});

test("an app that is not signed in now is still listed, for it would be let in without asking", async ({
  page,
  latchkey,
}) => {
  const name = freshName();
  const grantId = await letIn(latchkey, ADMIN.email, await addClient(page, latchkey, name));
  await queryDatabase(
    latchkey.databaseUrl,
    "UPDATE sessions SET ended_at = now(), end_reason = 'logout' WHERE id = $1",
    [grantId],
  );
  await open(page, PATH);
  await expect(rowOf(page, name)).toContainText("Not signed in now");
  await page.getByRole("button", { name: `Disconnect ${name}` }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Disconnect" }).click();
  await expect(rowOf(page, name)).toHaveCount(0);
  expect((await stateOf(latchkey, grantId))?.consents).toBe(0);
});

test("what was disconnected elsewhere meanwhile is no error", async ({ page, latchkey }) => {
  const name = freshName();
  const grantId = await letIn(latchkey, ADMIN.email, await addClient(page, latchkey, name));
  await open(page, PATH);
  const { databaseUrl } = latchkey;
  await queryDatabase(databaseUrl, "DELETE FROM clients WHERE name = $1", [name]);
  expect(await stateOf(latchkey, grantId)).toBeUndefined();
  await page.getByRole("button", { name: `Disconnect ${name}` }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Disconnect" }).click();
  await expect(page.getByText(/is disconnected\.|is no longer connected\./)).toBeVisible();
});

test("a name is text, whatever it says", async ({ page, latchkey }) => {
  const name = `<img src=x> https://evil.example ${freshName()}`;
  await letIn(latchkey, ADMIN.email, await addClient(page, latchkey, name));
  await page.goto(PATH);
  await expect(rowOf(page, name).getByRole("rowheader")).toHaveText(name);
  await expect(page.getByRole("table").locator("a, img")).toHaveCount(0);
});

test("an app is disconnected by the keyboard alone", async ({ page, latchkey }) => {
  const name = freshName();
  await letIn(latchkey, ADMIN.email, await addClient(page, latchkey, name));
  await open(page, PATH);
  const button = page.getByRole("button", { name: `Disconnect ${name}` });
  await button.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alertdialog").getByRole("button", { name: "Cancel" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(button).toBeFocused();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(rowOf(page, name)).toHaveCount(0);
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("an app is disconnected", async ({ page, latchkey }) => {
    const name = freshName();
    const grantId = await letIn(latchkey, ADMIN.email, await addClient(page, latchkey, name));
    await page.goto(PATH);
    await page.getByRole("button", { name: `Disconnect ${name}` }).click();
    await expect(page.getByText("The app is disconnected.")).toBeVisible();
    await expect(rowOf(page, name)).toHaveCount(0);
    expect(await stateOf(latchkey, grantId)).toEqual({ end_reason: "revoked_by_user", consents: 0 });
  });
});

test("axe finds nothing on the page and its dialog, nor is it too wide for a phone", async ({
  page,
  browser,
  latchkey,
}) => {
  const person = await inviteSomebody(page, browser, latchkey);
  await page.setViewportSize({ width: 360, height: 740 });
  await letIn(latchkey, ADMIN.email, await addClient(page, latchkey, `${"W".repeat(60)}${freshName()}`));
  await open(page, PATH);
  await page
    .getByRole("button", { name: /^Disconnect/ })
    .first()
    .waitFor();
  const expectSound = async (shown: Page, what: string) => {
    expect(await violationsOf(shown), what).toEqual([]);
    expect(await shown.evaluate(() => document.documentElement.scrollWidth), what).toBeLessThanOrEqual(
      (await shown.viewportSize())?.width ?? 0,
    );
  };
  await expectSound(page, "apps");
  await page
    .getByRole("button", { name: /^Disconnect/ })
    .first()
    .click();
  await expect(page.getByRole("alertdialog")).toBeVisible();
  await expectSound(page, "dialog");
  await person.page.goto(PATH);
  await expect(person.page.getByText("No app is connected")).toBeVisible();
  await expectSound(person.page, "no app");
});
