import { jwtVerify } from "jose";
import type { Page } from "playwright/test";
import { newKeyPair } from "@/lib/crypto/testing/key-pair";
import { violationsOf } from "../support/accessibility";
import { ageSignIn, confirmIdentity, confirmIn, copied, freshName, pasted, STALE } from "../support/console";
import { expect, inviteSomebody, open, signIn, test } from "../support/journey";
import type { RunningLatchkey } from "../support/latchkey";
import { queryDatabase } from "../support/query-database";

const newJwk = () => newKeyPair("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" });

const addForm = (page: Page) => page.getByRole("form", { name: "Add an audience" });
const rowOf = (page: Page, identifier: string) =>
  page.getByRole("table", { name: "Audiences" }).getByRole("row").filter({ hasText: identifier });
const viewPath = (identifier: string) => `/admin/audiences/view?identifier=${encodeURIComponent(identifier)}`;

/** In the form: chooses the profile and sends it. */
async function add(page: Page, identifier: string, profile: string): Promise<void> {
  const form = addForm(page);
  await form.getByLabel("Identifier").fill(identifier);
  await form.getByRole("radio", { name: profile }).check();
  await form.getByRole("button", { name: "Add audience" }).click();
}

/** One that is there, without the form. */
async function addByApi(page: Page, latchkey: RunningLatchkey, terms: object): Promise<void> {
  const data = { profile: "mesh", ...terms };
  const answer = await page.request.post("/api/admin/audiences", {
    headers: { origin: latchkey.origin },
    data,
  });
  expect(answer.status(), await answer.text()).toBe(201);
}

/** Asks for a token as a page of ours does, in the page. */
const tokenInPage = (page: Page, audience: string): Promise<string> =>
  page.evaluate(async (name) => {
    const response = await fetch("/api/auth/token", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ audience: name }),
    });
    return (await response.json()).accessToken;
  }, audience);

const isSignedWith = (token: string, secret: string): Promise<boolean> =>
  jwtVerify(token, new TextEncoder().encode(secret), { algorithms: ["HS256"] }).then(
    () => true,
    () => false,
  );

// The keys of its audiences stay.
test.use({ permissions: ["clipboard-write"], serverName: "with audiences" });
test.beforeEach(async ({ page }) => {
  await signIn(page);
});

test("our own pages are there from the start, and what each profile is for is said", async ({
  page,
  latchkey,
}) => {
  await page.getByRole("link", { name: "Audiences" }).click();
  await expect(page.getByRole("heading", { name: "Audiences", level: 1 })).toBeVisible();
  const own = page.getByRole("region", { name: "Our own pages" });
  await expect(own).toContainText(latchkey.origin);
  await expect(own).toContainText("mesh, ES256");
  const radios = addForm(page).getByRole("radio");
  await expect(radios).toHaveCount(3);
  for (const name of ["mesh", "high-security", "legacy"]) {
    await expect(addForm(page).getByRole("radio", { name })).toHaveAccessibleDescription(/\w+.+\./);
  }
  await expect(addForm(page)).toContainText("monolith is not among them");
});

test("a mesh service: added, and its page has a verifier with its own values", async ({ page, latchkey }) => {
  const identifier = `https://${freshName("orders")}.example/v1`;
  await page.goto("/admin/audiences");
  await addForm(page).getByLabel("Algorithm").selectOption("EdDSA");
  await addForm(page).getByLabel("Scope").fill("orders:read orders:write");
  await add(page, identifier, "mesh");
  await expect(page.getByText(`${identifier} is added.`)).toBeVisible();
  expect(await copied(page, `Feed token of ${identifier}`)).toMatch(/^latchkey_feed_/);
  await expect(page.getByLabel(/^Secret of/)).toHaveCount(0);
  await expect(rowOf(page, identifier)).toContainText(
    /mesh.*EdDSA.*10 minutes.*orders:read orders:write.*Feed token/s,
  );
  await expect(addForm(page).getByLabel("Identifier")).toHaveValue("");

  await page.getByRole("link", { name: "How it checks its tokens" }).click();
  await expect(page.getByRole("heading", { name: identifier, level: 1 })).toBeVisible();
  const block = page.getByRole("region", { name: /^Express, with the kit/ });
  await block.getByRole("button", { name: "Copy" }).click();
  await expect(block.getByText("Copied.")).toBeVisible();
  const code = await pasted(page);
  for (const value of [latchkey.origin, identifier, "mesh", "EdDSA", "orders:read"]) {
    expect(code).toContain(JSON.stringify(value));
  }
  await expect(page.getByRole("region", { name: /service-token\.js/ })).toContainText(
    `body: JSON.stringify({ audience: "${identifier}" })`,
  );
  const { aud } = JSON.parse(
    Buffer.from((await tokenInPage(page, identifier)).split(".")[1] ?? "", "base64url").toString(),
  );
  expect(aud).toBe(identifier);
});

test("a legacy service: the secret is copied, replaced by the next, and gone with the audience", async ({
  page,
  latchkey,
}) => {
  const identifier = freshName("mainframe");
  await page.goto("/admin/audiences");
  await add(page, identifier, "legacy");
  const secret = await copied(page, `Secret of ${identifier}`);
  await expect(page.getByText("it is not shown again.").first()).toBeVisible();
  expect(await isSignedWith(await tokenInPage(page, identifier), secret)).toBe(true);

  await page.goto(viewPath(identifier));
  await page.getByRole("button", { name: "Make the next secret" }).click();
  const next = await copied(page, `Secret of ${identifier}`);
  const secrets = page.getByRole("table", { name: "Secrets" });
  await expect(secrets.getByRole("row").filter({ hasText: "Waiting" })).toHaveCount(1);
  expect(await isSignedWith(await tokenInPage(page, identifier), secret)).toBe(true);
  await page.goto("/admin/audiences");
  await expect(rowOf(page, identifier)).toContainText("Secret waiting");

  await open(page, viewPath(identifier));
  await page.getByRole("button", { name: /^Activate secret/ }).click();
  await confirmIn(page, "Activate");
  await expect(page.getByText(/^Secret .+… signs now\.$/)).toBeVisible();
  await expect(secrets.getByRole("row").filter({ hasText: "Retiring" })).toContainText("Accepted until");
  expect(await isSignedWith(await tokenInPage(page, identifier), next)).toBe(true);

  const active = secrets.getByRole("row").filter({ hasText: "Active" });
  await active.getByRole("button", { name: /^Revoke secret/ }).click();
  await page.getByRole("alertdialog").getByLabel("Reason, for the audit log").fill("in a mail");
  await confirmIn(page, "Revoke secret");
  await expect(page.getByText(/^Secret .+… is revoked\.$/)).toBeVisible();
  await expect(active).toHaveCount(0);

  await page.getByRole("button", { name: "Remove audience" }).click();
  await confirmIn(page, "Remove audience");
  await expect(page.getByRole("heading", { name: "Audiences", level: 1 })).toBeVisible();
  await expect(rowOf(page, identifier)).toHaveCount(0);
  const left = await queryDatabase(
    latchkey.databaseUrl,
    "SELECT 1 FROM signing_keys WHERE use = $1 AND sealed_private_key IS NOT NULL",
    [`audience:${identifier}`],
  );
  expect(left).toEqual([]);
  expect((await page.goto(viewPath(identifier)))?.status()).toBe(404);
});

test("a high-security service: its key is taken by its text, and replaced", async ({ page }) => {
  const identifier = freshName("payroll");
  const jwk = newJwk();
  await page.goto("/admin/audiences");
  await addForm(page).getByLabel("Public key of the service").fill(JSON.stringify(jwk));
  await add(page, identifier, "high-security");
  await expect(page.getByText(`${identifier} is added.`)).toBeVisible();
  expect((await tokenInPage(page, identifier)).split(".")).toHaveLength(5);

  await page.goto(viewPath(identifier));
  const settings = page.getByRole("form", { name: "Settings" });
  await expect(settings.getByLabel("Public key of the service")).toHaveValue(new RegExp(String(jwk.x)));
  const next = newJwk();
  await settings.getByLabel("Public key of the service").fill(JSON.stringify({ ...next, kid: "next" }));
  await settings.getByLabel("Lifetime in seconds").fill("120");
  await settings.getByRole("button", { name: "Save" }).click();
  await expect(settings.getByText("Saved. It holds for every token from now on.")).toBeVisible();
  const [header = ""] = (await tokenInPage(page, identifier)).split(".");
  expect(JSON.parse(Buffer.from(header, "base64url").toString())).toMatchObject({ kid: "next" });
  await page.reload();
  await expect(settings.getByLabel("Lifetime in seconds")).toHaveValue("120");
  await expect(settings.getByLabel("Public key of the service")).toHaveValue(/"kid": "next"/);
});

test("without JavaScript too, who would take back another's change is told first", async ({
  browser,
  page,
  latchkey,
}) => {
  const identifier = freshName("at-once");
  await addByApi(page, latchkey, { identifier, scope: "a" });
  const context = await browser.newContext({ baseURL: latchkey.origin, javaScriptEnabled: false });
  const plain = await context.newPage();
  await signIn(plain);
  await plain.goto(viewPath(identifier));
  const settings = plain.getByRole("form", { name: "Settings" });
  await settings.getByLabel("Lifetime in seconds").fill("120");
  const headers = { origin: latchkey.origin };
  const data = { scope: "b" };
  await page.request.patch(`/api/admin/audiences/${identifier}`, { headers, data });
  await settings.getByRole("button", { name: "Save" }).click();
  await expect(settings.getByText("Somebody else has changed it meanwhile, to: b")).toBeVisible();
  await expect(settings.getByLabel("Scope")).toHaveValue("a");
  await expect(settings.getByLabel("Lifetime in seconds")).toHaveValue("120");
  await settings.getByRole("button", { name: "Save" }).click();
  await expect(settings.getByText("Saved.")).toBeVisible();
  await plain.reload();
  await expect(settings.getByLabel("Scope")).toHaveValue("a");
  await context.close();
});

test("what is told once is nowhere after a reload, and on no other page", async ({ page, latchkey }) => {
  const identifier = freshName("once");
  await page.goto("/admin/audiences");
  await add(page, identifier, "legacy");
  const told = [
    await copied(page, `Secret of ${identifier}`),
    await copied(page, `Feed token of ${identifier}`),
  ];
  await open(page, viewPath(identifier));
  await page.getByRole("button", { name: "Make the next secret" }).click();
  told.push(await copied(page, `Secret of ${identifier}`));
  await page.getByRole("button", { name: "New feed token" }).click();
  await confirmIn(page, "Make feed token");
  told.push(await copied(page, `Feed token of ${identifier}`));
  expect(new Set(told).size).toBe(4);
  for (const path of [
    viewPath(identifier),
    "/admin/audiences",
    "/admin/keys",
    "/api/admin/audiences",
    "/api/admin/keys",
  ]) {
    const { text } = await page.evaluate(
      async (address) => ({ text: await (await fetch(address)).text() }),
      path,
    );
    for (const secret of told) expect(text.includes(secret), path).toBe(false);
  }
  await page.reload();
  const html = await page.content();
  for (const secret of told) expect(html.includes(secret)).toBe(false);
  for (const secret of told) expect(latchkey.output().includes(secret)).toBe(false);
});

test("bad input is named at its field, and nothing that was typed is lost", async ({ page, latchkey }) => {
  const identifier = freshName("typed");
  await addByApi(page, latchkey, { identifier });
  await page.goto("/admin/audiences");
  const form = addForm(page);
  const key = form.getByLabel("Public key of the service");
  const field = (label: string) => form.getByLabel(label);
  await field("Lifetime in seconds").fill("301");
  await field("Scope").fill("pay:read");
  await key.fill("not a key");
  await add(page, identifier, "high-security");
  for (const [says, mend] of [
    ["This is not JSON. Give a public key as a JWK.", () => key.fill(JSON.stringify(newJwk()))],
    ["A number from 60 to 300.", () => field("Lifetime in seconds").fill("120")],
    ["There is an audience of this identifier already.", () => field("Identifier").fill(`${identifier}-2`)],
  ] as const) {
    await expect(form.getByText(says)).toBeVisible();
    await expect(field("Scope")).toHaveValue("pay:read");
    await expect(form.getByRole("radio", { name: "high-security" })).toBeChecked();
    await mend();
    await form.getByRole("button", { name: "Add audience" }).click();
  }
  await expect(page.getByText(`${identifier}-2 is added.`)).toBeVisible();
});

test("a stale sign-in is confirmed, and the form is as it was", async ({ page, context, latchkey }) => {
  const identifier = `https://${freshName("late")}.example`;
  const jwk = newJwk();
  await ageSignIn(context, latchkey);
  await page.goto("/admin/audiences");
  const form = addForm(page);
  await form.getByLabel("Lifetime in seconds").fill("77");
  await form.getByLabel("Scope").fill("a&b c=d");
  await form.getByLabel("Public key of the service").fill(JSON.stringify({ ...jwk, kid: "k 1" }));
  await add(page, identifier, "high-security");
  await expect(page.getByText(STALE)).toBeVisible();
  await expect(form.getByLabel("Scope")).toHaveValue("a&b c=d");
  await confirmIdentity(page);
  await expect(page.getByRole("heading", { name: "Audiences", level: 1 })).toBeVisible();
  await expect(form.getByLabel("Identifier")).toHaveValue(identifier);
  await expect(form.getByRole("radio", { name: "high-security" })).toBeChecked();
  await expect(form.getByLabel("Lifetime in seconds")).toHaveValue("77");
  await expect(form.getByLabel("Scope")).toHaveValue("a&b c=d");
  expect(JSON.parse(await form.getByLabel("Public key of the service").inputValue())).toEqual({
    ...jwk,
    kid: "k 1",
  });
  await form.getByRole("button", { name: "Add audience" }).click();
  await expect(page.getByText(`${identifier} is added.`)).toBeVisible();
  await expect(rowOf(page, identifier)).toContainText("77 seconds");
});

test("each change of an audience asks for a fresh sign-in, and comes back to it", async ({
  page,
  context,
  latchkey,
}) => {
  const identifier = freshName("stale");
  await addByApi(page, latchkey, { identifier, profile: "legacy" });
  await ageSignIn(context, latchkey);
  await open(page, viewPath(identifier));
  const stale = page.getByText(STALE);
  let refused = 0;
  for (const [name, label] of [
    ["Make the next secret", null],
    ["New feed token", "Make feed token"],
    ["Remove audience", "Remove audience"],
  ] as const) {
    await page.getByRole("button", { name }).click();
    if (label !== null) await confirmIn(page, label);
    refused += 1;
    await expect(stale).toHaveCount(refused);
  }
  const settings = page.getByRole("form", { name: "Settings" });
  await settings.getByLabel("Lifetime in seconds").fill("99");
  await settings.getByLabel("Scope").fill("x y");
  await settings.getByRole("button", { name: "Save" }).click();
  await confirmIdentity(page, settings);
  await expect(page.getByRole("heading", { name: identifier, level: 1 })).toBeVisible();
  await expect(settings.getByLabel("Lifetime in seconds")).toHaveValue("99");
  await expect(settings.getByLabel("Scope")).toHaveValue("x y");
  await settings.getByRole("button", { name: "Save" }).click();
  await expect(settings.getByText("Saved.")).toBeVisible();
});

test("the keys page says whose each key is, and rotates the line that is chosen", async ({
  page,
  latchkey,
}) => {
  const identifier = freshName("keyed");
  await addByApi(page, latchkey, { identifier, profile: "legacy" });
  await addByApi(page, latchkey, { identifier: freshName("eddsa"), algorithm: "EdDSA" });
  await open(page, "/admin/keys");
  const table = page.getByRole("table", { name: "Keys" });
  await expect(table.getByRole("row").filter({ hasText: `secret of ${identifier}` })).toHaveCount(1);
  await expect(table.getByRole("row").filter({ hasText: /EdDSA.*for audiences/s })).toHaveCount(2);
  await expect(table.getByRole("row").filter({ hasText: /ES256.*for our own pages/s })).not.toHaveCount(0);
  const own = await queryDatabase(
    latchkey.databaseUrl,
    "SELECT kid, state FROM signing_keys WHERE algorithm = 'ES256' ORDER BY kid",
  );
  await page.getByRole("button", { name: "Rotate now: EdDSA" }).click();
  await page.getByRole("alertdialog").getByLabel("Reason, for the audit log").fill("a drill");
  await confirmIn(page, "Rotate now");
  const [event] = await until(() =>
    queryDatabase<{ details: object }>(
      latchkey.databaseUrl,
      "SELECT details FROM audit_events WHERE type = 'signing_key.rotation_requested' ORDER BY id DESC LIMIT 1",
    ),
  );
  expect(event?.details).toMatchObject({ algorithm: "EdDSA", note: "a drill" });
  expect(
    await queryDatabase(
      latchkey.databaseUrl,
      "SELECT kid, state FROM signing_keys WHERE algorithm = 'ES256' ORDER BY kid",
    ),
  ).toEqual(own);
  await table.getByRole("link", { name: identifier }).click();
  await expect(page.getByRole("heading", { name: identifier, level: 1 })).toBeVisible();
});

async function until<Row>(read: () => Promise<Row[]>): Promise<Row[]> {
  await expect.poll(async () => (await read()).length).toBeGreaterThan(0);
  return read();
}

test("whoever is no administrator sees nothing of it", async ({ page, browser, latchkey }) => {
  const identifier = freshName("hidden");
  await addByApi(page, latchkey, { identifier });
  const person = await inviteSomebody(page, browser, latchkey);
  for (const path of ["/admin/audiences", viewPath(identifier)]) {
    expect((await person.page.goto(path))?.status()).toBe(403);
    await expect(person.page.locator("body")).not.toContainText(identifier);
  }
  await person.page.goto("/account");
  await expect(person.page.getByRole("link", { name: "Audiences" })).toHaveCount(0);
});

test("an address that names no audience is a page that is not there", async ({ page }) => {
  for (const path of [
    viewPath("nobody"),
    "/admin/audiences/view",
    viewPath("a/b"),
    `${viewPath("nobody")}&identifier=other`,
    "/admin/audiences?cursor=%2A",
  ]) {
    expect((await page.goto(path))?.status(), path).toBe(404);
  }
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("a service is added, and its secret is replaced and revoked", async ({ page }) => {
    const identifier = freshName("plain");
    await page.goto("/admin/audiences");
    await add(page, `${identifier}/`, "legacy");
    await expect(page.getByText(/^Give a name of letters/)).toBeVisible();
    await expect(addForm(page).getByRole("radio", { name: "legacy" })).toBeChecked();
    await add(page, identifier, "legacy");
    const secret = await page.getByLabel(`Secret of ${identifier}`).inputValue();
    expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/);
    await page.goto(viewPath(identifier));
    await expect(page.getByRole("region", { name: /^Express, with the kit/ })).toContainText(identifier);
    await page.getByRole("button", { name: "Make the next secret" }).click();
    expect(await page.getByLabel(`Secret of ${identifier}`).inputValue()).not.toBe(secret);
    await page.getByRole("button", { name: /^Activate secret/ }).click();
    await expect(page.getByText(/^Secret .+… signs now\.$/)).toBeVisible();
    await page.getByLabel("Reason, for the audit log").fill("no script here");
    await page
      .getByRole("button", { name: /^Revoke secret/ })
      .last()
      .click();
    await expect(page.getByText(/^Secret .+… is revoked\.$/)).toBeVisible();
    await page.getByRole("button", { name: "Remove audience" }).click();
    await expect(page.getByRole("heading", { name: "Audiences", level: 1 })).toBeVisible();
    await expect(rowOf(page, identifier)).toHaveCount(0);
  });
});

test("axe finds nothing on the pages and their dialogs, nor are they too wide for a phone", async ({
  page,
  latchkey,
}) => {
  test.slow();
  const identifier = freshName(`https://${"long".repeat(12)}.example/${"v".repeat(60)}`);
  await addByApi(page, latchkey, { identifier, profile: "legacy", scope: "x".repeat(200) });
  await page.setViewportSize({ width: 360, height: 740 });
  const expectSound = async (what: string) => {
    expect(await violationsOf(page), what).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth), what).toBeLessThanOrEqual(360);
  };
  await page.goto("/admin/audiences");
  await addForm(page).getByText("How a service makes such a key").click();
  await addForm(page).getByLabel("Lifetime in seconds").fill("soon");
  await add(page, freshName("axe"), "legacy");
  await expect(addForm(page).getByText("A whole number of seconds.")).toBeVisible();
  await expectSound("refused");
  await addForm(page).getByLabel("Lifetime in seconds").fill("60");
  await addForm(page).getByRole("button", { name: "Add audience" }).click();
  await expect(page.getByText(/is added\./)).toBeVisible();
  await expectSound("added");
  await open(page, viewPath(identifier));
  await page.getByRole("button", { name: "Make the next secret" }).click();
  await page.getByText("What to check in another language").click();
  await expect(page.getByLabel(`Secret of ${identifier}`)).toBeVisible();
  await expectSound("one audience");
  for (const name of [/^Activate secret/, /^Revoke secret/, "New feed token", "Remove audience"]) {
    await page.getByRole("button", { name }).first().click();
    await expect(page.getByRole("alertdialog")).toBeVisible();
    await expectSound(String(name));
    await page.keyboard.press("Escape");
  }
  await page.goto("/admin/keys");
  await expectSound("keys");
});
