import { createHash } from "node:crypto";
import type { Locator, Page } from "playwright/test";
import { newKeyPair } from "@/lib/crypto/testing/key-pair";
import { violationsOf } from "../support/accessibility";
import { ageSignIn, confirmIdentity, confirmIn, copied, freshName, STALE } from "../support/console";
import { giveGrant } from "../support/give-grant";
import { ADMIN, expect, inviteSomebody, open, signIn, test } from "../support/journey";
import type { RunningLatchkey } from "../support/latchkey";
import { queryDatabase } from "../support/query-database";

const REDIRECT_URI = "https://orders.example/callback";

const keyPair = () => newKeyPair("ec", { namedCurve: "P-256" });
const newJwk = () => keyPair().publicKey.export({ format: "jwk" });

const addForm = (page: Page) => page.getByRole("form", { name: "Add a client" });
const settingsForm = (page: Page) => page.getByRole("form", { name: "Settings" });
const rowOf = (page: Page, name: string) =>
  page.getByRole("table", { name: "Clients" }).getByRole("row").filter({ hasText: name });
const viewPath = (id: string) => `/admin/clients/view?id=${id}`;

type Kind = "Web application (server)" | "App on a device or in the browser" | "Service";

const send = (page: Page) => addForm(page).getByRole("button", { name: "Add client" }).click();
const openAdvanced = (form: Locator) => form.getByText("Advanced settings").click();

/** In the form: says what it is and sends it. */
async function add(page: Page, name: string, kind: Kind): Promise<void> {
  await addForm(page).getByLabel("Name").fill(name);
  await addForm(page).getByRole("radio", { name: kind }).check();
  await send(page);
}

interface Added {
  id: string;
  secret: string | null;
}

/** One that is there, without the form. */
async function addByApi(page: Page, { origin }: RunningLatchkey, terms: object = {}): Promise<Added> {
  const data = {
    name: freshName("client"),
    authMethod: "client_secret",
    redirectUris: [REDIRECT_URI],
    scope: "openid email offline_access",
    ...terms,
  };
  const answer = await page.request.post("/api/admin/clients", { headers: { origin }, data });
  expect(answer.status(), await answer.text()).toBe(201);
  const { client, secret } = await answer.json();
  return { id: client.id, secret };
}

async function addAudience(page: Page, { origin }: RunningLatchkey): Promise<string> {
  const identifier = freshName("service");
  const data = { identifier, profile: "mesh" };
  const answer = await page.request.post("/api/admin/audiences", { headers: { origin }, data });
  expect(answer.status(), await answer.text()).toBe(201);
  return identifier;
}

async function clientRow<Row extends object>({ databaseUrl }: RunningLatchkey, name: string): Promise<Row> {
  const [row] = await queryDatabase<Row>(databaseUrl, "SELECT * FROM clients WHERE name = $1", [name]);
  if (row === undefined) throw new Error(`There is no client ${name}.`);
  return row;
}

/** Of the secrets of a client, those that are kept as this one's hash. */
async function keptAs({ databaseUrl }: RunningLatchkey, id: string, secret: string) {
  const hash = createHash("sha256").update(secret).digest();
  const [row] = await queryDatabase<{ newest: boolean; former: boolean | null }>(
    databaseUrl,
    "SELECT secret_hash = $2 AS newest, previous_secret_hash = $2 AS former FROM clients WHERE id = $1",
    [id, hash],
  );
  return row?.newest ? "newest" : row?.former ? "former" : "not at all";
}

async function endReasonOf({ databaseUrl }: RunningLatchkey, sessionId: string): Promise<string | null> {
  const text = "SELECT end_reason FROM sessions WHERE id = $1";
  const [row] = await queryDatabase<{ end_reason: string | null }>(databaseUrl, text, [sessionId]);
  return row?.end_reason ?? null;
}

test.use({ permissions: ["clipboard-write"], serverName: "with clients" });
test.beforeEach(async ({ page }) => {
  await signIn(page);
});

test("a web application: three answers are enough, and its secret is told once", async ({
  page,
  latchkey,
}) => {
  const name = freshName("Orders");
  await page.getByRole("link", { name: "Clients" }).click();
  await expect(page.getByRole("heading", { name: "Clients", level: 1 })).toBeVisible();
  await addForm(page).getByLabel("Redirect URIs", { exact: false }).first().fill(`${REDIRECT_URI}\n`);
  await add(page, name, "Web application (server)");
  await expect(page.getByText(`${name} is added.`)).toBeVisible();
  const secret = await copied(page, `Secret of ${name}`);
  expect(secret).toMatch(/^latchkey_secret_/);
  await expect(page.getByText("it is not shown again.")).toBeVisible();
  await expect(rowOf(page, name)).toContainText(/By a secret.*Signs people in/s);
  await expect(addForm(page).getByLabel("Name")).toHaveValue("");

  const client = await clientRow<{ id: string }>(latchkey, name);
  expect(client).toMatchObject({
    auth_method: "client_secret",
    grant_types: ["authorization_code"],
    redirect_uris: [REDIRECT_URI],
    scope: "openid email offline_access",
    audiences: [],
    algorithm: "ES256",
  });
  expect(await keptAs(latchkey, client.id, secret)).toBe("newest");

  await page.getByRole("link", { name: "How it is set up" }).click();
  await expect(page.getByRole("heading", { name, level: 1 })).toBeVisible();
  expect(await copied(page, "Issuer")).toBe(latchkey.origin);
  expect(await copied(page, "Client ID")).toBe(client.id);
  expect(await copied(page, "Discovery address")).toBe(`${latchkey.origin}/.well-known/openid-configuration`);
  const block = page.getByRole("region", { name: /RFC 7591/ });
  expect(JSON.parse((await block.locator("pre").textContent()) ?? "")).toMatchObject({
    client_id: client.id,
    token_endpoint_auth_method: "client_secret_basic",
    redirect_uris: [REDIRECT_URI],
  });
  await page.reload();
  expect(await page.content()).not.toContain(secret);
  expect(latchkey.output()).not.toContain(secret);
});

test("an app: it is asked for no key, has no secret, and may call from its own pages", async ({
  page,
  latchkey,
}) => {
  const name = freshName("Board");
  await page.goto("/admin/clients");
  const form = addForm(page);
  await form.getByRole("radio", { name: "App on a device or in the browser" }).check();
  await form
    .getByLabel("Redirect URIs")
    .first()
    .fill("http://127.0.0.1/callback\ncom.example.board:/callback");
  await openAdvanced(form);
  await expect(form.getByLabel("Public keys")).toBeHidden();
  await form.getByLabel("Origins of its pages").fill("https://board.example");
  await form.getByRole("checkbox", { name: "Signs in by a code" }).check();
  await form.getByRole("checkbox", { name: "Tokens bound to a key (DPoP)" }).check();
  await add(page, name, "App on a device or in the browser");
  await expect(page.getByText(`${name} is added.`)).toBeVisible();
  await expect(page.getByLabel(/^Secret of/)).toHaveCount(0);
  await expect(rowOf(page, name)).toContainText("Not at all: it is public");
  expect(await clientRow(latchkey, name)).toMatchObject({
    auth_method: "none",
    secret_hash: null,
    grant_types: ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"],
    redirect_uris: ["http://127.0.0.1/callback", "com.example.board:/callback"],
    origins: ["https://board.example"],
    requires_dpop: true,
  });
  await page.getByRole("link", { name: "How it is set up" }).click();
  await expect(page.getByRole("button", { name: "New secret" })).toHaveCount(0);
});

test("a service: it names its audiences, and may sign what it says instead of a secret", async ({
  page,
  latchkey,
}) => {
  const name = freshName("Billing");
  const audience = await addAudience(page, latchkey);
  await page.goto("/admin/clients");
  const form = addForm(page);
  await expect(form).toContainText(audience);
  // Typed while another kind was chosen: out of sight, and left out.
  await form.getByLabel("Redirect URIs").first().fill("not an address");
  await add(page, name, "Service");
  await expect(form.getByText(/^Give at least one service/)).toBeVisible();
  await expect(form.getByLabel("Redirect URIs").first()).toBeHidden();
  await form.getByLabel("Audiences").fill(audience);
  await form.getByLabel("Scope").fill("orders:read");
  await openAdvanced(form);
  await form.getByLabel("Public keys").fill(JSON.stringify(newJwk()));
  await send(page);
  await expect(page.getByText(`${name} is added.`)).toBeVisible();
  await expect(page.getByLabel(/^Secret of/)).toHaveCount(0);
  await expect(rowOf(page, name)).toContainText(/By a signed assertion.*Gets tokens of its own/s);
  expect(await clientRow(latchkey, name)).toMatchObject({
    auth_method: "private_key_jwt",
    grant_types: ["client_credentials"],
    redirect_uris: [],
    audiences: [audience],
    scope: "orders:read",
  });
});

test("bad input is named at its field, and nothing that was typed is lost", async ({ page, latchkey }) => {
  const name = freshName("Typed");
  await page.goto("/admin/clients");
  const form = addForm(page);
  await form.getByLabel("Redirect URIs").first().fill("https://a.example/cb\nhttp://b.example/cb");
  await form.getByLabel("Scope").fill("openid orders:read");
  await openAdvanced(form);
  const keys = form.getByLabel("Public keys");
  await keys.fill("not a key");
  await form.getByRole("checkbox", { name: "Requests sent ahead (PAR)" }).check();
  await form.getByLabel("Algorithm").selectOption("EdDSA");
  await openAdvanced(form);
  await expect(keys).toBeHidden();
  await add(page, name, "Web application (server)");
  const { privateKey } = keyPair();
  for (const [says, mend] of [
    [
      "This is not JSON. Give public keys as a JWK Set.",
      async () => {
        await expect(keys).toBeFocused();
        await keys.fill(JSON.stringify(privateKey.export({ format: "jwk" })));
      },
    ],
    [/^Entry 2: Use https/, () => form.getByLabel("Redirect URIs").first().fill("https://a.example/cb")],
    [/This is a private key/, () => keys.fill(JSON.stringify(newJwk()))],
  ] as const) {
    await expect(form.getByText(says)).toBeVisible();
    await expect(form.getByLabel("Name")).toHaveValue(name);
    await expect(form.getByLabel("Scope")).toHaveValue("openid orders:read");
    await expect(form.getByRole("checkbox", { name: "Requests sent ahead (PAR)" })).toBeChecked();
    await expect(form.getByLabel("Algorithm")).toHaveValue("EdDSA");
    await mend();
    await send(page);
  }
  await expect(page.getByText(`${name} is added.`)).toBeVisible();
  expect(await clientRow(latchkey, name)).toMatchObject({
    scope: "openid orders:read",
    algorithm: "EdDSA",
    requires_pushed_requests: true,
  });
});

test("a stale sign-in is confirmed, and the form is as it was", async ({ page, context, latchkey }) => {
  const name = `${freshName("Late")} & Söhne = 100%`;
  const jwk = newJwk();
  await ageSignIn(context, latchkey);
  await page.goto("/admin/clients");
  const form = addForm(page);
  await form.getByLabel("Redirect URIs").first().fill("https://a.example/1?x=y&z\nhttps://a.example/2");
  await openAdvanced(form);
  await form.getByLabel("Public keys").fill(JSON.stringify(jwk));
  await form.getByRole("checkbox", { name: "Signs in by a code" }).check();
  await form.getByRole("checkbox", { name: "Tokens bound to a key (DPoP)" }).check();
  await add(page, name, "Web application (server)");
  await expect(page.getByText(STALE)).toBeVisible();
  await confirmIdentity(page);
  await expect(page.getByRole("heading", { name: "Clients", level: 1 })).toBeVisible();
  await expect(form.getByLabel("Name")).toHaveValue(name);
  await expect(form.getByLabel("Redirect URIs").first()).toHaveValue(
    "https://a.example/1?x=y&z\nhttps://a.example/2",
  );
  await expect(form.getByRole("checkbox", { name: "Signs in by a code" })).toBeChecked();
  await expect(form.getByRole("checkbox", { name: "Gets tokens of its own" })).not.toBeChecked();
  await expect(form.getByRole("checkbox", { name: "Tokens bound to a key (DPoP)" })).toBeChecked();
  await expect(form.getByLabel("Public keys")).toHaveValue(new RegExp(String(jwk.x)));
  await send(page);
  await expect(page.getByText(`${name} is added.`)).toBeVisible();
});

test("a secret is replaced without a pause: the next one, both, the former ended", async ({
  page,
  latchkey,
}) => {
  const { id, secret } = await addByApi(page, latchkey);
  await open(page, viewPath(id));
  await expect(page.getByRole("button", { name: "End the former secret" })).toHaveCount(0);
  await page.getByRole("button", { name: "New secret" }).click();
  await confirmIn(page, "Make secret");
  const next = await copied(page, "Secret of this client");
  expect(await keptAs(latchkey, id, next)).toBe("newest");
  expect(await keptAs(latchkey, id, secret ?? "")).toBe("former");
  await page.getByRole("button", { name: "End the former secret" }).click();
  await confirmIn(page, "End former secret");
  await expect(page.getByText("The newest secret alone works now.")).toBeVisible();
  expect(await keptAs(latchkey, id, secret ?? "")).toBe("not at all");
  await expect(page.getByLabel("Secret of this client")).toHaveValue(next);
  await page.reload();
  expect(await page.content()).not.toContain(next);
});

test("its settings are changed, and a refused change leaves them as they were typed", async ({
  page,
  latchkey,
}) => {
  const { id } = await addByApi(page, latchkey, { requiresDpop: true });
  const name = freshName("Renamed");
  await page.goto(viewPath(id));
  const form = settingsForm(page);
  await expect(form.getByLabel("Redirect URIs").first()).toHaveValue(REDIRECT_URI);
  await form.getByLabel("Name").fill(name);
  await form.getByLabel("Redirect URIs").first().fill(`${REDIRECT_URI}\nhttps://orders.example/other`);
  await openAdvanced(form);
  await expect(form.getByRole("checkbox", { name: "Tokens bound to a key (DPoP)" })).toBeChecked();
  await form.getByRole("checkbox", { name: "Tokens bound to a key (DPoP)" }).uncheck();
  await form.getByRole("checkbox", { name: "Signs people in" }).uncheck();
  await form.getByLabel("Back-channel logout address").fill("https://orders.example/bye");
  await form.getByRole("button", { name: "Save" }).click();
  await expect(form.getByText("Give at least one.")).toBeVisible();
  await expect(form.getByRole("checkbox", { name: "Signs people in" })).toBeFocused();
  await expect(form.getByLabel("Name")).toHaveValue(name);
  await form.getByRole("checkbox", { name: "Signs people in" }).check();
  await form.getByRole("button", { name: "Save" }).click();
  await expect(form.getByText("Saved. It holds for every request from now on.")).toBeVisible();
  await expect(page.getByRole("heading", { name, level: 1 })).toBeVisible();
  expect(await clientRow(latchkey, name)).toMatchObject({
    redirect_uris: [REDIRECT_URI, "https://orders.example/other"],
    grant_types: ["authorization_code"],
    requires_dpop: false,
    backchannel_logout_uri: "https://orders.example/bye",
  });
});

test("who would take back what somebody else has changed meanwhile is told first, and may then", async ({
  page,
  context,
  latchkey,
}) => {
  const uri = (name: string) => `https://orders.example/${name}`;
  const { id } = await addByApi(page, latchkey, { redirectUris: [uri("stolen"), uri("kept")] });
  const change = async (terms: object) => {
    const headers = { origin: latchkey.origin };
    const answer = await page.request.patch(`/api/admin/clients/${id}`, { headers, data: terms });
    expect(answer.status(), await answer.text()).toBe(200);
  };
  const [name, another] = ["Renamed", "Again"].map(freshName) as [string, string];
  const form = settingsForm(page);
  const save = () => form.getByRole("button", { name: "Save" }).click();
  const uris = form.getByLabel("Redirect URIs").first();
  await page.goto(viewPath(id));
  await form.getByLabel("Name").fill(name);
  await change({ redirectUris: [uri("kept")] });
  await save();
  await expect(form.getByText(`Somebody else has changed it meanwhile, to: ${uri("kept")}`)).toBeVisible();
  await expect(uris).toBeFocused();
  await expect(form.getByLabel("Name")).toHaveValue(name);
  await uris.fill(uri("kept"));
  await save();
  await expect(form.getByText(/^Saved\./)).toBeVisible();
  expect(await clientRow(latchkey, name)).toMatchObject({ redirect_uris: [uri("kept")] });

  await change({ redirectUris: [uri("third")] });
  await ageSignIn(context, latchkey);
  await form.getByLabel("Name").fill(another);
  await save();
  await confirmIdentity(page, form);
  await expect(form.getByLabel("Name")).toHaveValue(another);
  await save();
  await expect(form.getByText(`Somebody else has changed it meanwhile, to: ${uri("third")}`)).toBeVisible();
  expect(await clientRow(latchkey, name)).toMatchObject({ redirect_uris: [uri("third")] });
  await save();
  await expect(form.getByText(/^Saved\./)).toBeVisible();
  expect(await clientRow(latchkey, another)).toMatchObject({ redirect_uris: [uri("kept")] });
});

test("keys are replaced by the address of a set only where nothing else is given", async ({
  page,
  latchkey,
}) => {
  const jwk = newJwk();
  const { id } = await addByApi(page, latchkey, {
    authMethod: "private_key_jwt",
    jwks: { keys: [jwk] },
  });
  await page.goto(viewPath(id));
  const form = settingsForm(page);
  await expect(form.getByLabel("Public keys")).toHaveValue(new RegExp(String(jwk.x)));
  await form.getByLabel("Or the address of its JWKS").fill("https://orders.example/jwks.json");
  await form.getByRole("button", { name: "Save" }).click();
  await expect(form.getByText("Give the keys or their address, not both.")).toBeVisible();
  const next = newJwk();
  await form.getByLabel("Or the address of its JWKS").fill("");
  await form.getByLabel("Public keys").fill(JSON.stringify({ keys: [next] }));
  await form.getByRole("button", { name: "Save" }).click();
  await expect(form.getByText(/^Saved\./)).toBeVisible();
  await page.reload();
  await expect(form.getByLabel("Public keys")).toHaveValue(new RegExp(String(next.x)));
});

test("its grants are listed; one is ended, then everything is taken back", async ({
  page,
  browser,
  latchkey,
}) => {
  const { id } = await addByApi(page, latchkey);
  const other = await addByApi(page, latchkey);
  const person = await inviteSomebody(page, browser, latchkey);
  const grant = { audience: "orders", scope: "openid orders:read" };
  const theirs = await giveGrant(latchkey, { ...grant, email: person.email, clientId: id });
  const own = await giveGrant(latchkey, { ...grant, email: ADMIN.email, clientId: id });
  const elsewhere = await giveGrant(latchkey, { ...grant, email: ADMIN.email, clientId: other.id });
  await open(page, viewPath(id));
  const grants = page.getByRole("table", { name: "Grants" });
  await expect(grants.getByRole("rowheader")).toHaveCount(2);
  const row = grants.getByRole("row").filter({ hasText: person.email });
  await expect(row).toContainText(/openid orders:read.*orders.*192\.0\.2\.7/s);

  await row.getByRole("button", { name: `End the grant of ${person.email}` }).click();
  await page.getByRole("alertdialog").getByLabel("Reason, for the audit log").fill("left the team");
  await confirmIn(page, "End grant");
  await expect(page.getByText("One session is ended.")).toBeVisible();
  await expect(row).toHaveCount(0);
  expect(await endReasonOf(latchkey, theirs)).toBe("revoked_by_admin");
  expect(await endReasonOf(latchkey, own)).toBeNull();

  const before = await clientRowById(latchkey, id);
  const takeBack = page.getByRole("form", { name: "Take everything back" });
  await takeBack.getByLabel("Reason, for the audit log").fill("in a mail");
  await takeBack.getByRole("button", { name: "Take everything back" }).click();
  await confirmIn(page, "Take everything back");
  await expect(page.getByText("All that it had is taken back. One session is ended.")).toBeVisible();
  await expect(page.getByText("Nobody has let this client in now.")).toBeVisible();
  expect(await endReasonOf(latchkey, own)).toBe("revoked_by_admin");
  expect(await endReasonOf(latchkey, elsewhere)).toBeNull();
  expect((await clientRowById(latchkey, id)).tokens_id).not.toBe(before.tokens_id);
  const notes = await queryDatabase<{ note: string }>(
    latchkey.databaseUrl,
    "SELECT details->>'note' AS note FROM audit_events WHERE type = 'session.ended' AND session_id = ANY($1)",
    [[theirs, own]],
  );
  expect(notes.map(({ note }) => note).sort()).toEqual(["in a mail", "left the team"]);
});

async function clientRowById({ databaseUrl }: RunningLatchkey, id: string): Promise<{ tokens_id: string }> {
  const text = "SELECT tokens_id FROM clients WHERE id = $1";
  const [row] = await queryDatabase<{ tokens_id: string }>(databaseUrl, text, [id]);
  if (row === undefined) throw new Error(`There is no client ${id}.`);
  return row;
}

test("sign-outs that it has not heard of are listed, with what went wrong", async ({ page, latchkey }) => {
  const { id } = await addByApi(page, latchkey);
  await page.goto(viewPath(id));
  await expect(page.getByRole("heading", { name: "Sign-outs it has not heard of" })).toHaveCount(0);
  await queryDatabase(
    latchkey.databaseUrl,
    `INSERT INTO logout_deliveries (client_id, user_id, session_id, created_at, attempts, next_attempt_at, last_problem)
     SELECT $1, id, 'AAAAAAAAAAAAAAAAAAAAAA', now(), 3, now() + interval '1 hour', 'It answered 503.' FROM users LIMIT 1`,
    [id],
  );
  await page.reload();
  const row = page.getByRole("table", { name: "Sign-outs it has not heard of" }).getByRole("row").last();
  await expect(row).toContainText(/3.*It answered 503\./s);
});

test("it is removed with all that it has, and its page is not there any more", async ({ page, latchkey }) => {
  const name = freshName("Gone");
  const { id } = await addByApi(page, latchkey, { name });
  await giveGrant(latchkey, { email: ADMIN.email, clientId: id, audience: "orders", scope: "openid" });
  await open(page, viewPath(id));
  await page.getByRole("button", { name: "Remove client" }).click();
  await confirmIn(page, "Remove client");
  await expect(page.getByRole("heading", { name: "Clients", level: 1 })).toBeVisible();
  await expect(rowOf(page, name)).toHaveCount(0);
  for (const table of ["sessions", "consents"]) {
    const left = await queryDatabase(latchkey.databaseUrl, `SELECT 1 FROM ${table} WHERE client_id = $1`, [
      id,
    ]);
    expect(left, table).toEqual([]);
  }
  expect((await page.goto(viewPath(id)))?.status()).toBe(404);
});

test("each change of a client asks for a fresh sign-in, and comes back to it", async ({
  page,
  context,
  latchkey,
}) => {
  const { id } = await addByApi(page, latchkey);
  await open(page, viewPath(id));
  await page.getByRole("button", { name: "New secret" }).click();
  await confirmIn(page, "Make secret");
  await expect(page.getByLabel("Secret of this client")).toBeVisible();
  await ageSignIn(context, latchkey);
  await open(page, viewPath(id));
  const takeBack = page.getByRole("form", { name: "Take everything back" });
  await takeBack.getByLabel("Reason, for the audit log").fill("a drill & more");
  let refused = 0;
  for (const [name, label] of [
    ["New secret", "Make secret"],
    ["End the former secret", "End former secret"],
    ["Take everything back", "Take everything back"],
    ["Remove client", "Remove client"],
  ] as const) {
    await page.getByRole("button", { name }).click();
    await confirmIn(page, label);
    refused += 1;
    await expect(page.getByText(STALE)).toHaveCount(refused);
  }
  await expect(takeBack.getByLabel("Reason, for the audit log")).toHaveValue("a drill & more");
  const form = settingsForm(page);
  await form.getByLabel("Scope").fill("openid a:b");
  await form.getByLabel("Redirect URIs").first().fill("https://orders.example/x\nhttps://orders.example/y");
  await form.getByRole("button", { name: "Save" }).click();
  await confirmIdentity(page, form);
  await expect(form.getByLabel("Scope")).toHaveValue("openid a:b");
  await expect(form.getByLabel("Redirect URIs").first()).toHaveValue(
    "https://orders.example/x\nhttps://orders.example/y",
  );
  await form.getByRole("button", { name: "Save" }).click();
  await expect(form.getByText(/^Saved\./)).toBeVisible();
});

test("a name is text, whatever it says", async ({ page, latchkey }) => {
  const name = `<img src=x> https://evil.example ${freshName("x")}`;
  const { id } = await addByApi(page, latchkey, { name });
  for (const [path, role] of [
    ["/admin/clients", "rowheader"],
    [viewPath(id), "heading"],
  ] as const) {
    await page.goto(path);
    await expect(page.getByRole(role, { name })).toBeVisible();
    await expect(page.locator("a, img").filter({ hasText: "evil.example" })).toHaveCount(0);
    await expect(page.locator("main img, a[href*='evil']")).toHaveCount(0);
  }
});

test("whoever is no administrator sees nothing of it", async ({ page, browser, latchkey }) => {
  const name = freshName("hidden");
  const { id } = await addByApi(page, latchkey, { name });
  const person = await inviteSomebody(page, browser, latchkey);
  for (const path of ["/admin/clients", viewPath(id)]) {
    expect((await person.page.goto(path))?.status()).toBe(403);
    await expect(person.page.locator("body")).not.toContainText(name);
  }
  await person.page.goto("/account");
  await expect(person.page.getByRole("link", { name: "Clients" })).toHaveCount(0);
});

test("an address that names no client is a page that is not there", async ({ page }) => {
  const nobody = viewPath(`client_${"A".repeat(22)}`);
  for (const path of [
    nobody,
    "/admin/clients/view",
    viewPath("client_x"),
    `${nobody}&id=other`,
    "/admin/clients?cursor=%2A",
  ]) {
    expect((await page.goto(path))?.status(), path).toBe(404);
  }
});

test("a client is added by the keyboard alone", async ({ page }) => {
  const name = freshName("Keys");
  await page.goto("/admin/clients");
  const form = addForm(page);
  await form.getByLabel("Name").focus();
  await page.keyboard.type(name);
  await page.keyboard.press("Tab");
  await expect(form.getByRole("radio", { name: "Web application (server)" })).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect(form.getByRole("radio", { name: "App on a device or in the browser" })).toBeChecked();
  await page.keyboard.press("Tab");
  await page.keyboard.type("http://127.0.0.1/callback");
  for (let step = 0; step < 3; step += 1) await page.keyboard.press("Tab");
  await expect(form.locator("summary")).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(form.getByLabel("Origins of its pages")).toBeVisible();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await expect(form.getByRole("button", { name: "Add client" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByText(`${name} is added.`)).toBeVisible();
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("a client is added, its secret replaced, a grant ended, and all of it removed", async ({
    page,
    latchkey,
  }) => {
    const name = freshName("Plain");
    await page.goto("/admin/clients");
    const form = addForm(page);
    await openAdvanced(form);
    await form.getByLabel("Back-channel logout address").fill("http://orders.example/bye");
    await form.getByLabel("Redirect URIs").first().fill(REDIRECT_URI);
    await form.getByRole("checkbox", { name: "Requests sent ahead (PAR)" }).check();
    await add(page, name, "Web application (server)");
    // Open without being asked to, since what is refused is in there.
    const address = form.getByLabel("Back-channel logout address");
    await expect(address).toBeVisible();
    await expect(address).toHaveAttribute("aria-invalid", "true");
    await expect(form.getByRole("checkbox", { name: "Requests sent ahead (PAR)" })).toBeChecked();
    await address.fill("https://orders.example/bye");
    await send(page);
    const secret = await page.getByLabel(`Secret of ${name}`).inputValue();
    expect(secret).toMatch(/^latchkey_secret_/);

    const { id } = await clientRow<{ id: string }>(latchkey, name);
    const grant = { email: ADMIN.email, clientId: id, audience: "orders", scope: "openid" };
    const ended = await giveGrant(latchkey, grant);
    await page.goto(viewPath(id));
    await page.getByRole("button", { name: "New secret" }).click();
    expect(await page.getByLabel("Secret of this client").inputValue()).not.toBe(secret);
    await page.getByRole("button", { name: "End the former secret" }).click();
    await expect(page.getByText("The newest secret alone works now.")).toBeVisible();
    const grants = page.getByRole("form", { name: "Grants" });
    await grants.getByLabel("Reason, for the audit log").fill("no script here");
    await grants.getByRole("button", { name: /^End the grant/ }).click();
    await expect(page.getByText("One session is ended.")).toBeVisible();
    expect(await endReasonOf(latchkey, ended)).toBe("revoked_by_admin");
    const settings = settingsForm(page);
    await settings.getByLabel("Scope").fill("openid");
    await settings.getByRole("button", { name: "Save" }).click();
    await expect(page.getByText(/^Saved\./)).toBeVisible();
    await page.getByRole("button", { name: "Remove client" }).click();
    await expect(page.getByRole("heading", { name: "Clients", level: 1 })).toBeVisible();
    await expect(rowOf(page, name)).toHaveCount(0);
  });
});

test("axe finds nothing on the pages and their dialogs, nor are they too wide for a phone", async ({
  page,
  latchkey,
}) => {
  test.slow();
  const audience = await addAudience(page, latchkey);
  const { id } = await addByApi(page, latchkey, {
    name: "W".repeat(80),
    redirectUris: [`https://${"long".repeat(12)}.example/${"v".repeat(200)}`],
    scope: `openid ${"x".repeat(200)}`,
    audiences: [audience],
  });
  await giveGrant(latchkey, {
    email: ADMIN.email,
    clientId: id,
    audience: `https://${"long".repeat(12)}.example/`,
    scope: `openid ${"x".repeat(200)}`,
  });
  await page.setViewportSize({ width: 360, height: 740 });
  const expectSound = async (what: string) => {
    expect(await violationsOf(page), what).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth), what).toBeLessThanOrEqual(360);
  };
  await page.goto("/admin/clients");
  const form = addForm(page);
  for (const kind of ["App on a device or in the browser", "Service", "Web application (server)"]) {
    await form.getByRole("radio", { name: kind }).check();
    if (kind.startsWith("App")) await openAdvanced(form);
    await expectSound(kind);
  }
  await form.getByLabel("Redirect URIs").first().fill(REDIRECT_URI);
  await form.getByLabel("Public keys").fill("not a key");
  await add(page, freshName("axe"), "Web application (server)");
  await expect(form.getByText(/^This is not JSON/)).toBeVisible();
  await expectSound("refused");
  await form.getByLabel("Public keys").fill("");
  await send(page);
  await expect(page.getByText(/is added\./)).toBeVisible();
  await expectSound("added");
  await open(page, viewPath(id));
  await openAdvanced(settingsForm(page));
  await page
    .getByRole("form", { name: "Take everything back" })
    .getByLabel(/^Reason/)
    .fill("axe");
  await expectSound("one client");
  for (const name of ["New secret", /^End the grant/, "Take everything back", "Remove client"]) {
    await page.getByRole("button", { name }).first().click();
    await expect(page.getByRole("alertdialog")).toBeVisible();
    await expectSound(String(name));
    await page.keyboard.press("Escape");
  }
});
