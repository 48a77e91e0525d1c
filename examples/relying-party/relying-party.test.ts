import { generateKeyPair, SignJWT } from "jose";
import type { Browser, Page } from "playwright";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Person } from "../../e2e/instances/support/visitor";
import { freePort } from "../../e2e/support/free-port";
import { answerConsent, openPage, signInAs, startBrowser } from "../support/browser";
import { type Example, prepareExample, type Service, startService } from "../support/example";
import { addClient, type Issuer, newVisitor, revokeSession, startIssuer } from "../support/issuer";

/** An application on another site than Latchkey's: to a browser `127.0.0.1` and `localhost` are two. */
const PATIENCE = { timeout: 30_000, interval: 100 };

let issuer: Issuer;
let example: Example;
let browser: Browser;
let service: Service;
let app: string;
let clientId: string;

beforeAll(async () => {
  const port = await freePort();
  app = `http://127.0.0.1:${port}`;
  [issuer, example, browser] = await Promise.all([
    startIssuer({ PRIVATE_HOSTS: `127.0.0.1:${port}` }),
    prepareExample("relying-party", ["express", "jose", "openid-client"]),
    startBrowser(),
  ]);
  const { client, secret } = await addClient(issuer, {
    name: "Relying Party",
    authMethod: "client_secret",
    redirectUris: [`${app}/callback`],
    postLogoutRedirectUris: [`${app}/`],
    scope: "openid email",
    backchannelLogoutUri: `${app}/backchannel-logout`,
  });
  clientId = client.id;
  const env = { LATCHKEY_ISSUER: issuer.origin, CLIENT_ID: clientId, CLIENT_SECRET: secret ?? "" };
  service = await startService(example, { env, port });
});

afterAll(async () => {
  await browser.close();
  await service.stop();
  await Promise.all([issuer.remove(), example.remove()]);
});

async function somebody(): Promise<{ page: Page; person: Person }> {
  const { person } = await newVisitor(issuer);
  return { page: await openPage(browser), person };
}

const beginSignIn = async (page: Page): Promise<void> => {
  await page.goto(app);
  await page.getByRole("link", { name: "Sign in" }).click();
};

const heading = (page: Page, name: string) => page.getByRole("heading", { name, level: 1, exact: true });
const isGreeted = (page: Page, { email }: Person) => heading(page, `Hello, ${email}`).waitFor();
const isStranger = (page: Page) => heading(page, "Welcome").waitFor();

async function signedIn(): Promise<{ page: Page; person: Person }> {
  const { page, person } = await somebody();
  await beginSignIn(page);
  await signInAs(page, person);
  await answerConsent(page, "Allow");
  await isGreeted(page, person);
  return { page, person };
}

test("somebody signs in from the application's site, and is greeted there", async () => {
  const { page, person } = await signedIn();
  expect(page.url()).toBe(`${app}/`);
  await page.reload();
  await isGreeted(page, person);
  const cookies = await page.context().cookies(app);
  expect(cookies.map(({ name }) => name)).toEqual(["__Host-session"]);
  expect(cookies[0]).toMatchObject({ httpOnly: true, secure: true, sameSite: "Lax" });
});

test("whoever is signed in at Latchkey already is recognised, though they come from another site", async () => {
  const { page, person } = await somebody();
  await page.goto(`${issuer.origin}/login`);
  await signInAs(page, person);
  await heading(page, "Profile").waitFor();
  await beginSignIn(page);
  await heading(page, "Let Relying Party in?").waitFor();
  await answerConsent(page, "Allow");
  await isGreeted(page, person);
});

test("whoever refuses is not signed in", async () => {
  const { page, person } = await somebody();
  await beginSignIn(page);
  await signInAs(page, person);
  await answerConsent(page, "Deny");
  await page.getByText("You have not been let in.").waitFor();
  await page.goto(app);
  await isStranger(page);
});

test("signing out of the application leads to signing out of Latchkey, and back", async () => {
  const { page, person } = await signedIn();
  await page.getByRole("button", { name: "Sign out" }).click();
  await heading(page, "Sign out of Latchkey?").waitFor();
  await page.getByText(person.email).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await isStranger(page);
  expect(page.url()).toBe(`${app}/`);
  await page.getByRole("link", { name: "Sign in" }).click();
  await page.getByLabel("Password", { exact: true }).waitFor();
});

test("whoever would rather stay signed in at Latchkey is signed out of the application", async () => {
  const { page } = await signedIn();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("link", { name: "Stay signed in" }).click();
  await heading(page, "Profile").waitFor();
  await page.goto(app);
  await isStranger(page);
});

test("a session that is ended at Latchkey ends in the application, and no other does", async () => {
  const [ended, other] = [await signedIn(), await signedIn()];
  await revokeSession(issuer, await browserSessionOf(ended.person));
  await vi.waitFor(async () => {
    await ended.page.goto(app);
    expect(await heading(ended.page, "Welcome").count()).toBe(1);
  }, PATIENCE);
  await other.page.reload();
  await isGreeted(other.page, other.person);
});

async function browserSessionOf({ email }: Person): Promise<string> {
  const { sessions } = await issuer.manage<{ sessions: { id: string; userAgent: string }[] }>(
    "GET",
    `sessions?state=live&q=${encodeURIComponent(email)}`,
  );
  return sessions.find(({ userAgent }) => userAgent.includes("Chrome"))?.id ?? "";
}

test("what is not a logout token signs nobody out", async () => {
  const { page, person } = await signedIn();
  const { privateKey } = await generateKeyPair("ES256");
  const event = { "http://schemas.openid.net/event/backchannel-logout": {} };
  const forged = await new SignJWT({ sub: "anybody", events: event, jti: "1" })
    .setProtectedHeader({ alg: "ES256", typ: "logout+jwt", kid: "guessed" })
    .setIssuer(issuer.origin)
    .setAudience(clientId)
    .setIssuedAt()
    .setExpirationTime("2m")
    .sign(privateKey);
  for (const token of [undefined, "a.b.c", forged, await idTokenOfAnother()]) {
    const body = new URLSearchParams(token === undefined ? {} : { logout_token: token });
    expect((await fetch(`${app}/backchannel-logout`, { method: "POST", body })).status, token).toBe(400);
  }
  await page.reload();
  await isGreeted(page, person);
});

/** A genuine one: the application shows it to Latchkey when somebody signs out. */
async function idTokenOfAnother(): Promise<string> {
  const { page } = await signedIn();
  const headers = { "Sec-Fetch-Site": "same-origin" };
  const answer = await page.request.post(`${app}/sign-out`, { headers, maxRedirects: 0 });
  const token = new URL(answer.headers().location ?? "").searchParams.get("id_token_hint") ?? "";
  expect(token.split(".")).toHaveLength(3);
  return token;
}

test("another site signs nobody out", async () => {
  const { page, person } = await signedIn();
  const headers = { "Sec-Fetch-Site": "cross-site" };
  expect((await page.request.post(`${app}/sign-out`, { headers, maxRedirects: 0 })).status()).toBe(403);
  await page.reload();
  await isGreeted(page, person);
});

test("an answer to somebody else's browser signs nobody in (login CSRF)", async () => {
  const { page: attacker, person } = await somebody();
  const answers: string[] = [];
  await attacker.route(`${app}/callback?*`, (route) => {
    answers.push(route.request().url());
    return route.fulfill({ body: "kept" });
  });
  await beginSignIn(attacker);
  await signInAs(attacker, person);
  await answerConsent(attacker, "Allow");
  await attacker.getByText("kept").waitFor();
  const { page: victim } = await somebody();
  const [answer = ""] = answers;
  expect((await victim.goto(answer))?.status()).toBe(400);
  await victim.getByText("This browser has not begun that sign-in.").waitFor();
  await victim.goto(app);
  await isStranger(victim);
});
