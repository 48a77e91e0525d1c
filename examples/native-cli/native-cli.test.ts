import { copyFile, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Visitor } from "../../e2e/instances/support/visitor";
import { startBrowser } from "../support/browser";
import { laterBy } from "../support/clock";
import { type Device, newDevice, printedUrl } from "../support/device";
import { type Example, prepareExample } from "../support/example";
import { addClient, type Issuer, newVisitor, revokeSession, startIssuer } from "../support/issuer";

/** A program that signs in through the system browser, here Chromium. */
const CLIENT = {
  name: "Native CLI",
  authMethod: "none",
  redirectUris: ["http://127.0.0.1/callback"],
  scope: "openid email offline_access",
};
const HOUR_SECONDS = 3600;
const DEATH = new URL("../support/die-at-rename.mjs", import.meta.url).href;

let issuer: Issuer;
let example: Example;
let browser: Browser;
let device: Device;
/** How much later it is than when the tests began, for Latchkey and for the program. */
let hours = 0;

beforeAll(async () => {
  [issuer, example, browser] = await Promise.all([
    startIssuer(),
    prepareExample("native-cli", ["openid-client"]),
    startBrowser(),
  ]);
  const { client } = await addClient(issuer, CLIENT);
  device = newDevice(example.folder, browser, () => ({
    LATCHKEY_ISSUER: issuer.origin,
    CLIENT_ID: client.id,
    ...laterBy(hours * HOUR_SECONDS),
  }));
});

afterAll(async () => {
  await browser.close();
  await Promise.all([issuer.remove(), example.remove()]);
});

async function passAnHour(): Promise<void> {
  hours += 1;
  await issuer.kill();
  await issuer.restart(laterBy(hours * HOUR_SECONDS));
}

async function signedInProgram(): Promise<{ file: string; visitor: Visitor; page: Page }> {
  const [file, visitor] = [device.newTokenFile(), await newVisitor(issuer)];
  const { code, output, page } = await device.logIn(file, visitor.person);
  expect(code, output).toBe(0);
  return { file, visitor, page };
}

const greeting = ({ person }: Visitor) => ({ code: 0, output: `You are signed in as ${person.email}.\n` });
const SIGNED_OUT = { code: 1, output: "You have been signed out. Sign in: node cli.js login\n" };
const NOBODY = { code: 1, output: "Nobody is signed in. Sign in: node cli.js login\n" };

const refreshTokenIn = async (file: string): Promise<string> =>
  JSON.parse(await readFile(file, "utf8")).refreshToken;

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

/** As the console lists them. */
async function grantOf({ person }: Visitor): Promise<string> {
  const { sessions } = await issuer.manage<{ sessions: { id: string; userAgent: string }[] }>(
    "GET",
    `sessions?state=live&q=${encodeURIComponent(person.email)}`,
  );
  return sessions.find(({ userAgent }) => userAgent === "native-cli")?.id ?? "";
}

test("signs in through the browser, and keeps its tokens in a file for its user alone", async () => {
  const [file, visitor] = [device.newTokenFile(), await newVisitor(issuer)];
  expect(await device.run("whoami", file)).toEqual(NOBODY);
  const { code, output, page } = await device.logIn(file, visitor.person);
  expect(code, output).toBe(0);
  expect(output).toContain(`You are signed in as ${visitor.person.email}.`);
  expect(await page.locator("body").textContent()).toBe("You are signed in. You may close this page.");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await stat(join(file, ".."))).mode & 0o777).toBe(0o700);
  expect(await device.run("whoami", file)).toEqual(greeting(visitor));
});

test("whoever refuses is not signed in, and the program says so", async () => {
  const [file, visitor] = [device.newTokenFile(), await newVisitor(issuer)];
  const { code, output } = await device.logIn(file, visitor.person, "Deny");
  expect(code).toBe(1);
  expect(output).toContain("You have refused.");
  expect(await exists(file)).toBe(false);
});

test("an answer that it has not asked for ends no sign-in, and one of another server is refused", async () => {
  const file = device.newTokenFile();
  const program = device.start("login", file);
  const { searchParams } = await printedUrl(program);
  const [redirectUri, state] = [searchParams.get("redirect_uri") ?? "", searchParams.get("state") ?? ""];
  const answer = (parameters: Record<string, string>) =>
    fetch(`${redirectUri}?${new URLSearchParams({ code: "stolen", ...parameters })}`);
  expect((await answer({ state: "guessed", iss: issuer.origin })).status).toBe(404);
  expect((await fetch(new URL("/favicon.ico", redirectUri))).status).toBe(404);
  const told = await (await answer({ state, iss: "https://evil.example" })).text();
  expect(told).toContain("This did not work.");
  expect(await program.ended).toBe(1);
  expect(program.output()).toMatch(/"iss"/);
  expect(await exists(file)).toBe(false);
});

test("a second sign-in leaves nothing of the first", async () => {
  const { file, visitor } = await signedInProgram();
  const first = await grantOf(visitor);
  const another = await newVisitor(issuer);
  expect(await device.logIn(file, another.person)).toMatchObject({ code: 0 });
  expect(await device.run("whoami", file)).toEqual(greeting(another));
  expect(first).not.toBe("");
  expect(await grantOf(visitor)).toBe("");
});

test("signing out takes the tokens back, copies too", async () => {
  const { file, visitor } = await signedInProgram();
  const copy = `${file}.copy`;
  await copyFile(file, copy);
  expect(await device.run("logout", file)).toEqual({ code: 0, output: "You are signed out.\n" });
  expect(await exists(file)).toBe(false);
  expect(await grantOf(visitor)).toBe("");
  expect(await device.run("whoami", copy)).toEqual(SIGNED_OUT);
  expect(await device.run("logout", file)).toEqual(NOBODY);
});

test("goes on an hour later, though the person has signed out of the browser", async () => {
  const { file, visitor, page } = await signedInProgram();
  const headers = { origin: issuer.origin };
  expect((await page.request.post(`${issuer.origin}/api/auth/logout`, { headers })).status()).toBe(204);
  await passAnHour();
  const tokens = await refreshTokenIn(file);
  expect(await device.run("whoami", file), "its access token is over").toEqual(greeting(visitor));
  expect(await refreshTokenIn(file)).not.toBe(tokens);
});

test("several runs at once, each with an access token that is over, do not disturb each other", async () => {
  const { file, visitor } = await signedInProgram();
  await passAnHour();
  const runs = await Promise.all([1, 2, 3].map(() => device.run("whoami", file)));
  for (const one of runs) expect(one).toEqual(greeting(visitor));
  expect(await device.run("whoami", file), "with what is kept").toEqual(greeting(visitor));
  expect(await generationOf(await grantOf(visitor))).toBe(1);
});

test("goes on after it has died between getting new tokens and keeping them", async () => {
  const { file, visitor } = await signedInProgram();
  const grantId = await grantOf(visitor);
  await passAnHour();
  const before = await refreshTokenIn(file);
  expect(await device.run("whoami", file, DEATH)).toEqual({ code: "SIGKILL", output: "" });
  expect(await refreshTokenIn(file), "never kept").toBe(before);
  expect(await generationOf(grantId), "rotated").toBe(1);

  await passAnHour();
  expect(await device.run("whoami", file)).toEqual(greeting(visitor));
  expect(await refreshTokenIn(file)).not.toBe(before);
  const recoveries = "SELECT 1 FROM audit_events WHERE type = 'refresh_token.recovered' AND session_id = $1";
  expect(await issuer.sql(recoveries, [grantId])).toHaveLength(1);
});

async function generationOf(grantId: string): Promise<number | undefined> {
  const select = "SELECT generation FROM sessions WHERE id = $1";
  return (await issuer.sql<{ generation: number }>(select, [grantId]))[0]?.generation;
}

test("is cut off when its session is ended in the console, and forgets its tokens", async () => {
  const { file, visitor } = await signedInProgram();
  await revokeSession(issuer, await grantOf(visitor));
  expect(await device.run("whoami", file)).toEqual(SIGNED_OUT);
  expect(await exists(file)).toBe(false);
  expect(await device.run("whoami", file)).toEqual(NOBODY);
});

test("is cut off when the person is signed out everywhere", async () => {
  const { file, visitor } = await signedInProgram();
  await issuer.manage("POST", "sessions/revoke", { userId: visitor.userId, reason: "test" });
  expect(await device.run("whoami", file)).toEqual(SIGNED_OUT);
});

test("while Latchkey is away it says so, and keeps its tokens", async () => {
  const { file, visitor } = await signedInProgram();
  await issuer.kill();
  const { code, output } = await device.run("whoami", file);
  expect(code).toBe(1);
  expect(output).toMatch(/ECONNREFUSED/);
  await issuer.restart(laterBy(hours * HOUR_SECONDS));
  expect(await device.run("whoami", file)).toEqual(greeting(visitor));
});
