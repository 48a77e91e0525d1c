import { decodeProtectedHeader } from "jose";
import type { APIRequestContext, BrowserContext, Page } from "playwright/test";
import { violationsOf } from "../support/accessibility";
import { ageSignIn } from "../support/console";
import {
  ACCESS_COOKIE,
  ADMIN,
  cookieValue,
  expect,
  inviteSomebody,
  open,
  signIn,
  test,
} from "../support/journey";
import type { RunningLatchkey } from "../support/latchkey";
import { queryDatabase } from "../support/query-database";

interface KeyRow {
  kid: string;
  state: string;
}

const keysOf = (latchkey: RunningLatchkey): Promise<KeyRow[]> =>
  queryDatabase(
    latchkey.databaseUrl,
    "SELECT kid, state FROM signing_keys ORDER BY created_at DESC, kid DESC",
  );

async function kidInState(latchkey: RunningLatchkey, state: string): Promise<string> {
  const [key] = (await keysOf(latchkey)).filter((one) => one.state === state);
  if (key === undefined) throw new Error(`No key is ${state}.`);
  return key.kid;
}

async function stateOf(latchkey: RunningLatchkey, kid: string): Promise<string | undefined> {
  return (await keysOf(latchkey)).find((key) => key.kid === kid)?.state;
}

/** The newest event of that type. */
async function lastEvent(latchkey: RunningLatchkey, type: string) {
  const [event] = await queryDatabase<{ email: string; details: Record<string, unknown> }>(
    latchkey.databaseUrl,
    `SELECT email, details FROM audit_events LEFT JOIN users ON users.id = actor_id
      WHERE type = $1 ORDER BY audit_events.id DESC LIMIT 1`,
    [type],
  );
  return event;
}

const publishedKids = async (request: APIRequestContext): Promise<string[]> => {
  const { keys } = await (await request.get("/.well-known/jwks.json")).json();
  return keys.map(({ kid }: { kid: string }) => kid);
};

const kidOfToken = async (context: BrowserContext) =>
  decodeProtectedHeader((await cookieValue(context, ACCESS_COOKIE)) ?? "").kid;

const short = (kid: string): string => `${kid.slice(0, 8)}…`;

/** As when the staged key has been staged for long enough to sign at once. */
const ageStagedKey = (latchkey: RunningLatchkey) =>
  queryDatabase(
    latchkey.databaseUrl,
    "UPDATE signing_keys SET created_at = created_at - interval '1 hour' WHERE state = 'staged'",
  );

const rowOf = (page: Page, kid: string) =>
  page.getByRole("table", { name: "Keys" }).getByRole("row").filter({ hasText: kid });

/** In the dialog of the button: gives the reason and confirms. */
async function confirmWith(page: Page, reason: string, label: string): Promise<void> {
  const dialog = page.getByRole("alertdialog");
  await dialog.getByLabel("Reason, for the audit log").fill(reason);
  await dialog.getByRole("button", { name: label }).click();
}

async function revokeOnPage(page: Page, kid: string, reason: string): Promise<void> {
  await page.getByRole("button", { name: `Revoke key ${short(kid)}` }).click();
  await confirmWith(page, reason, "Revoke key");
}

test.beforeEach(async ({ page }) => {
  await signIn(page);
});

test("the picture and the table show the same keys, and which one signs", async ({ page, latchkey }) => {
  await page.goto("/account");
  await page.getByRole("link", { name: "Keys", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Keys", level: 1 })).toBeVisible();
  const kids = (await keysOf(latchkey)).map(({ kid }) => kid);
  await expect(page.getByRole("img", { name: `Timeline of ${kids.length} keys.` })).toBeVisible();
  const rowHeaders = await page.getByRole("table", { name: "Keys" }).getByRole("rowheader").allTextContents();
  const pictured = await page.locator("section", { hasText: "Timeline" }).locator("ol li").allTextContents();
  expect(pictured).toEqual(kids.map(short));
  for (const [index, kid] of kids.entries()) expect(rowHeaders[index]).toContain(kid);

  const [active, staged] = [await kidInState(latchkey, "active"), await kidInState(latchkey, "staged")];
  const current = page.getByRole("form", { name: "Rotate now" });
  await expect(current).toContainText(new RegExp(`Signs now\\s*${short(active)}`));
  await expect(current).toContainText(new RegExp(`Next rotation.*${short(staged)}`));
  await expect(rowOf(page, active)).toContainText(/Active.*Signs since.*Signs until/);
  await expect(rowOf(page, staged)).toContainText(/Staged.*Signs from/);
});

test("rotating says from when the next key signs, and once it may, it does at once", async ({
  page,
  request,
  latchkey,
}) => {
  const [active, staged] = [await kidInState(latchkey, "active"), await kidInState(latchkey, "staged")];
  await open(page, "/admin/keys");
  await page.getByRole("button", { name: "Rotate now" }).click();
  await confirmWith(page, "", "Rotate now");
  await expect(
    page.getByText(new RegExp(`^Key ${short(staged)} will sign from .* UTC on\\.$`)),
  ).toBeVisible();
  expect(await stateOf(latchkey, active)).toBe("active");

  await ageStagedKey(latchkey);
  await page.getByRole("button", { name: "Rotate now" }).click();
  await confirmWith(page, "an administrator left", "Rotate now");
  await expect(page.getByText(`Key ${short(staged)} signs now.`)).toBeVisible();
  await expect(rowOf(page, staged)).toContainText("Active");
  await expect(rowOf(page, active)).toContainText(
    /Retiring.*private part erased|private part erased.*Retiring/,
  );
  expect(await lastEvent(latchkey, "signing_key.rotation_requested")).toMatchObject({
    email: ADMIN.email,
    details: { kid: staged, note: "an administrator left" },
  });
  const next = await kidInState(latchkey, "staged");
  expect((await publishedKids(request)).sort()).toEqual([active, staged, next].sort());
});

test("revoking the key that signs leaves everyone signed in, with tokens of another key", async ({
  page,
  browser,
  request,
  latchkey,
}) => {
  const person = await inviteSomebody(page, browser, latchkey);
  const [active, staged] = [await kidInState(latchkey, "active"), await kidInState(latchkey, "staged")];
  const copied = await cookieValue(person.page.context(), ACCESS_COOKIE);
  expect(await kidOfToken(person.page.context())).toBe(active);

  await open(page, "/admin/keys");
  await revokeOnPage(page, active, "found in a backup");
  await expect(page.getByText(`Key ${short(active)} is revoked. Key ${short(staged)} signs.`)).toBeVisible();
  await expect(page).toHaveURL(`${latchkey.origin}/admin/keys`);
  await expect(rowOf(page, active)).toContainText(/Revoked.*found in a backup/);
  await expect(page.getByRole("button", { name: `Revoke key ${short(active)}` })).toHaveCount(0);
  expect(await kidOfToken(page.context())).toBe(staged);

  expect(await publishedKids(request)).not.toContain(active);
  expect(await lastEvent(latchkey, "signing_key.revoked")).toMatchObject({
    email: ADMIN.email,
    details: { kid: active, reason: "found in a backup" },
  });
  const answer = await request.get("/api/auth/session", { headers: { authorization: `Bearer ${copied}` } });
  expect(answer.status()).toBe(401);
  await person.page.reload();
  await expect(person.page.getByRole("heading", { name: "Profile", level: 1 })).toBeVisible();
  expect(await kidOfToken(person.page.context())).toBe(staged);
  await page.getByRole("link", { name: "Users" }).click();
  await expect(page.getByRole("heading", { name: "Users", level: 1 })).toBeVisible();
});

test("a key is not revoked without a reason, nor by changing one's mind", async ({ page, latchkey }) => {
  const staged = await kidInState(latchkey, "staged");
  await open(page, "/admin/keys");
  await page.getByRole("button", { name: `Revoke key ${short(staged)}` }).click();
  const dialog = page.getByRole("alertdialog");
  await expect(dialog).toContainText("at most 5 minutes");
  await dialog.getByRole("button", { name: "Revoke key" }).click();
  await expect(dialog).toBeVisible();
  await expect(dialog.getByLabel("Reason, for the audit log")).toBeFocused();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(dialog).toHaveCount(0);
  expect(await stateOf(latchkey, staged)).toBe("staged");
});

test("the keyboard is enough", async ({ page, latchkey }) => {
  const staged = await kidInState(latchkey, "staged");
  await open(page, "/admin/keys");
  const button = page.getByRole("button", { name: `Revoke key ${short(staged)}` });
  await button.waitFor();
  for (let steps = 0; steps < 100 && !(await button.evaluate(isFocused)); steps += 1)
    await page.keyboard.press("Tab");
  await expect(button).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alertdialog").getByLabel("Reason, for the audit log")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(button).toBeFocused();
  await page.keyboard.press("Enter");
  await page.keyboard.type("typed by hand");
  await page.keyboard.press("Enter");
  await expect(page.getByText(`Key ${short(staged)} is revoked.`)).toBeVisible();
  expect(await lastEvent(latchkey, "signing_key.revoked")).toMatchObject({
    details: { kid: staged, reason: "typed by hand" },
  });
});

const isFocused = (element: Element): boolean => element === document.activeElement;

test("after a while one confirms who one is, and finds what one typed", async ({
  page,
  context,
  latchkey,
}) => {
  const staged = await kidInState(latchkey, "staged");
  await ageSignIn(context, latchkey);
  await open(page, "/admin/keys");
  await revokeOnPage(page, staged, "seen at the café & elsewhere");
  await expect(page.getByText("This needs a sign-in of the last 15 minutes.")).toBeVisible();
  expect(await stateOf(latchkey, staged)).toBe("staged");
  await page.getByRole("button", { name: `Revoke key ${short(staged)}` }).click();
  const reason = page.getByRole("alertdialog").getByLabel("Reason, for the audit log");
  await expect(reason).toHaveValue("seen at the café & elsewhere");
  await page.getByRole("alertdialog").getByRole("button", { name: "Cancel" }).click();

  await page.getByRole("link", { name: "Confirm it is you" }).click();
  await page.getByLabel("Password", { exact: true }).fill(ADMIN.password);
  await page.getByRole("button", { name: "Confirm" }).click();
  await expect(page.getByRole("heading", { name: "Keys", level: 1 })).toBeVisible();
  await page.getByRole("button", { name: `Revoke key ${short(staged)}` }).click();
  await expect(reason).toHaveValue("seen at the café & elsewhere");
  await page.getByRole("alertdialog").getByRole("button", { name: "Revoke key" }).click();
  await expect(page.getByText(`Key ${short(staged)} is revoked.`)).toBeVisible();
});

test("rotating asks for a fresh sign-in too", async ({ page, context, latchkey }) => {
  await ageSignIn(context, latchkey);
  await open(page, "/admin/keys");
  await page.getByRole("button", { name: "Rotate now" }).click();
  await confirmWith(page, "a drill", "Rotate now");
  await page.getByRole("link", { name: "Confirm it is you" }).click();
  await page.getByLabel("Password", { exact: true }).fill(ADMIN.password);
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.getByRole("button", { name: "Rotate now" }).click();
  await expect(page.getByRole("alertdialog").getByLabel("Reason, for the audit log")).toHaveValue("a drill");
  expect((await lastEvent(latchkey, "signing_key.rotation_requested"))?.details.note).not.toBe("a drill");
});

test("whoever is no administrator sees nothing of it", async ({ page, browser, latchkey }) => {
  const person = await inviteSomebody(page, browser, latchkey);
  const headers = { origin: latchkey.origin };
  const kid = await kidInState(latchkey, "active");
  expect((await person.page.goto("/admin/keys"))?.status()).toBe(403);
  await person.page.goto("/account");
  await expect(person.page.getByRole("link", { name: "Keys" })).toHaveCount(0);
  const answers = await Promise.all([
    person.page.request.get("/api/admin/keys"),
    person.page.request.post("/api/admin/keys/rotate", { headers, data: {} }),
    person.page.request.post(`/api/admin/keys/${kid}/revoke`, { headers, data: { reason: "x" } }),
  ]);
  for (const answer of answers) {
    expect(answer.status()).toBe(403);
    expect(await answer.json()).toMatchObject({ code: "forbidden" });
  }
  expect(await stateOf(latchkey, kid)).toBe("active");
});

test.describe("by the API", () => {
  test("the keys, and never a member of one", async ({ page, latchkey }) => {
    const answer = await page.request.get("/api/admin/keys");
    expect(answer.status()).toBe(200);
    const { keys, signingKid, nextRotationAt } = await answer.json();
    expect(signingKid).toBe(await kidInState(latchkey, "active"));
    expect(keys.map(({ kid }: KeyRow) => kid)).toEqual((await keysOf(latchkey)).map(({ kid }) => kid));
    for (const key of keys) {
      expect(Object.keys(key).sort()).toEqual(
        [
          "activatedAt activatesAt algorithm createdAt kid lastSignedAt problem retiredAt retiringAt",
          "revokeReason revokedAt signedCount standing state use",
        ]
          .join(" ")
          .split(" ")
          .sort(),
      );
    }
    const staged = keys.find(({ state }: KeyRow) => state === "staged");
    expect(staged).toMatchObject({
      use: "access_token",
      standing: "preferred",
      problem: null,
      signedCount: 0,
    });
    expect(nextRotationAt).toBe(staged.activatesAt);
    expect(nextRotationAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect((await page.request.get("/api/admin/keys?limit=1")).ok()).toBe(true);
    for (const query of ["limit=0", "limit=x", "state=active", "limit=1&limit=2"]) {
      expect((await page.request.get(`/api/admin/keys?${query}`)).status(), query).toBe(400);
    }
  });

  test("rotating and revoking answer which key signs", async ({ page, latchkey }) => {
    const post = (path: string, data: unknown) =>
      page.request.post(`/api/admin/keys/${path}`, { headers: { origin: latchkey.origin }, data });
    const staged = await kidInState(latchkey, "staged");
    await ageStagedKey(latchkey);
    const rotated = await post("rotate", { reason: "drill" });
    expect(await rotated.json()).toEqual({
      kid: staged,
      signsFrom: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(await stateOf(latchkey, staged)).toBe("active");
    const next = await kidInState(latchkey, "staged");
    const revoked = await post(`${staged}/revoke`, { reason: "copied" });
    expect(revoked.status()).toBe(200);
    expect(await revoked.json()).toEqual({ signingKid: next });
    expect(await stateOf(latchkey, staged)).toBe("revoked");

    for (const [path, data, status, code] of [
      [`${staged}/revoke`, { reason: "again" }, 404, "not_found"],
      ["0w9k9CMGVSsf31AzOcZnMw/revoke", { reason: "unknown" }, 404, "not_found"],
      [`${next}/revoke`, {}, 400, "invalid_request"],
      [`${next}/revoke`, { reason: " " }, 400, "invalid_request"],
      [`${next}/revoke`, { reason: "x", force: true }, 400, "invalid_request"],
      ["rotate", { kid: next }, 400, "invalid_request"],
      ["rotate", { reason: "x".repeat(201) }, 400, "invalid_request"],
    ] as const) {
      const answer = await post(path, data);
      expect([answer.status(), (await answer.json()).code], `${path} ${JSON.stringify(data)}`).toEqual([
        status,
        code,
      ]);
    }
    expect(await stateOf(latchkey, next)).toBe("active");
  });

  test("a change needs a fresh sign-in, a look does not", async ({ page, context, latchkey }) => {
    const headers = { origin: latchkey.origin };
    const kid = await kidInState(latchkey, "active");
    await ageSignIn(context, latchkey);
    expect((await page.request.get("/api/admin/keys")).status()).toBe(200);
    for (const [path, data] of [
      ["rotate", {}],
      [`${kid}/revoke`, { reason: "x" }],
    ] as const) {
      const answer = await page.request.post(`/api/admin/keys/${path}`, { headers, data });
      expect([answer.status(), (await answer.json()).code]).toEqual([403, "reauthentication_required"]);
    }
    expect(await stateOf(latchkey, kid)).toBe("active");
  });
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("a key is revoked with a reason, and not without", async ({ page, latchkey }) => {
    const staged = await kidInState(latchkey, "staged");
    await page.goto("/admin/keys");
    const button = page.getByRole("button", { name: `Revoke key ${short(staged)}` });
    await button.click();
    expect(await stateOf(latchkey, staged)).toBe("staged");
    await page.getByLabel("Reason, for the audit log").fill("no script here");
    await button.click();
    await expect(page.getByText(`Key ${short(staged)} is revoked.`)).toBeVisible();
    expect(await lastEvent(latchkey, "signing_key.revoked")).toMatchObject({
      details: { kid: staged, reason: "no script here" },
    });
  });
});

test("axe finds nothing on the page and its dialogs, nor are they too wide for a phone", async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await open(page, "/admin/keys");
  for (const name of [null, "Rotate now", /^Revoke key/]) {
    const button = name === null ? null : page.getByRole("button", { name }).first();
    await button?.click();
    expect(await violationsOf(page), String(name)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    await page.keyboard.press("Escape");
  }
  await page.locator("summary", { hasText: "…" }).first().click();
  expect(await violationsOf(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
});
