import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { decodeProtectedHeader } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Answer, exchange, type Server } from "../../e2e/instances/support/exchange";
import { ACCESS_COOKIE, setCookie, type Visitor } from "../../e2e/instances/support/visitor";
import { freePort } from "../../e2e/support/free-port";
import { type Example, prepareExample, type Service, startService } from "../support/example";
import { type Issuer, newVisitor, revokeSession, startIssuer } from "../support/issuer";

/** An application behind the same origin as Latchkey, which asks it who is there. */
let example: Example;
let issuer: Issuer;
let service: Service;
let front: Server;

beforeAll(async () => {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  example = await prepareExample("monolith", []);
  const settings = parseEnv(readFileSync(join(example.folder, "latchkey.env"), "utf8"));
  issuer = await startIssuer({ ...settings, APP_ORIGIN: origin } as Record<string, string>);
  service = await startService(example, { env: { LATCHKEY_PORT: String(issuer.port) }, port });
  const { host } = new URL(origin);
  front = {
    origin,
    request: (method, path, options = {}) => exchange({ port, host, method, path }, options),
  };
});

afterAll(async () => {
  await service.stop();
  await Promise.all([issuer.remove(), example.remove()]);
});

const openApp = (visitor: Visitor): Promise<Answer> => visitor.request(front, "GET", "/app/");

const greets = (answer: Answer, { person }: Visitor): boolean =>
  answer.status === 200 && answer.body.includes(`Hello, ${person.email}`);

test("whoever has signed in through the front is greeted by the application", async () => {
  const stranger = await front.request("GET", "/app/");
  expect(stranger.status).toBe(401);
  expect(stranger.body).toContain('href="/login"');
  expect((await front.request("GET", "/login")).status).toBe(200);
  const visitor = await newVisitor(front);
  expect(greets(await openApp(visitor), visitor)).toBe(true);
  expect((await visitor.request(front, "GET", "/account")).status, "at Latchkey itself").toBe(200);
});

test("an access token whose time has passed is renewed on the way", async () => {
  const visitor = await newVisitor(front);
  visitor.expireAccess();
  const answer = await openApp(visitor);
  expect(greets(answer, visitor)).toBe(true);
  const renewed = setCookie(answer, ACCESS_COOKIE);
  expect(renewed).toBe(visitor.access);
  const again = await openApp(visitor);
  expect(greets(again, visitor)).toBe(true);
  expect(again.setCookies).toEqual([]);
});

test("signing out ends both", async () => {
  const visitor = await newVisitor(front);
  const { cookieHeader: cookie } = visitor;
  expect((await visitor.logOut(front)).status).toBe(204);
  expect((await front.request("GET", "/app/", { cookie })).status).toBe(401);
  expect((await front.request("GET", "/api/auth/session", { cookie })).status).toBe(401);
});

test("a session that an administrator revokes is refused at the next request", async () => {
  const visitor = await newVisitor(front);
  expect((await openApp(visitor)).status).toBe(200);
  await revokeSession(issuer, visitor.sessionId);
  expect((await openApp(visitor)).status).toBe(401);
});

test("nobody outside can verify these tokens: no JWKS holds a key", async () => {
  const visitor = await newVisitor(front);
  expect(decodeProtectedHeader(visitor.access ?? "")).toMatchObject({ alg: "HS256" });
  const jwks = await front.request("GET", "/.well-known/jwks.json");
  expect(jwks.json()).toEqual({ keys: [] });
});

test("Latchkey sees the address that the front saw, not one that a caller made up", async () => {
  const visitor = await newVisitor(front);
  expect(visitor.address).not.toBe("127.0.0.1");
  expect(await issuer.sql("SELECT ip FROM sessions WHERE id = $1", [visitor.sessionId])).toEqual([
    { ip: "127.0.0.1" },
  ]);
});

test("while Latchkey is away the application says so, and nobody is signed out", async () => {
  const visitor = await newVisitor(front);
  await issuer.kill();
  const answer = await openApp(visitor);
  expect(answer.status).toBe(503);
  expect(answer.setCookies).toEqual([]);
  expect((await visitor.request(front, "GET", "/account")).status).toBe(502);
});
