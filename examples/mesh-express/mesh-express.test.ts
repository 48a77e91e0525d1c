import { join } from "node:path";
import { decodeJwt, decodeProtectedHeader, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startNode } from "../../e2e/support/running-process";
import { type Example, prepareExample, type Service, startService } from "../support/example";
import {
  addAudience,
  type Issuer,
  newVisitor,
  revokeSession,
  startIssuer,
  tokenFor,
} from "../support/issuer";

/** An Express service that verifies by JWKS and follows the revocation feed. */
const ORDERS = { identifier: "orders", profile: "mesh", scope: "orders:read" };
const BOUND_SECONDS = 3;

let issuer: Issuer;
let example: Example;
let service: Service;

beforeAll(async () => {
  [issuer, example] = await Promise.all([
    startIssuer(),
    prepareExample("mesh-express", ["@latchkey/verifier", "jose", "express"]),
  ]);
  const { feedToken } = await addAudience(issuer, ORDERS);
  const env = {
    LATCHKEY_ISSUER: issuer.origin,
    LATCHKEY_FEED_TOKEN: feedToken,
    MAX_STALENESS_SECONDS: String(BOUND_SECONDS),
  };
  service = await startService(example, { env });
  await service.untilStatus("/orders", await tokenFor(issuer, issuer.admin, "orders"), 200);
});

afterAll(async () => {
  await service.stop();
  await Promise.all([issuer.remove(), example.remove()]);
});

const ask = (token?: string) => service.ask("/orders", token);

test("a token for this service is accepted, and no other", async () => {
  await addAudience(issuer, { identifier: "billing", profile: "mesh", scope: "orders:read" });
  const visitor = await newVisitor(issuer);
  const token = await tokenFor(issuer, visitor, "orders");
  const answer = await service.fetch("/orders", token);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ person: visitor.userId });

  expect(await ask()).toEqual([401, "Bearer"]);
  const refused = [401, 'Bearer error="invalid_token"'];
  expect(await ask(await tokenFor(issuer, visitor, "billing")), "another service's").toEqual(refused);
  expect(await ask(visitor.access), "of our own pages").toEqual(refused);
  expect(await ask(await forge(token)), "forged").toEqual(refused);
});

/** The same token by a key that is not the issuer's. */
async function forge(token: string): Promise<string> {
  const { privateKey } = await generateKeyPair("ES256");
  const header = { ...decodeProtectedHeader(token), alg: "ES256" };
  return new SignJWT(decodeJwt(token)).setProtectedHeader(header).sign(privateKey);
}

test("a token without the scope is not enough", async () => {
  const token = await tokenFor(issuer, await newVisitor(issuer), "orders");
  expect(await service.ask("/orders", token, "POST")).toEqual([
    403,
    'Bearer error="insufficient_scope", scope="orders:write"',
  ]);
});

test("a refund asks for a recent sign-in", async () => {
  const visitor = await newVisitor(issuer);
  const askForRefund = async () =>
    service.ask("/orders/1/refund", await tokenFor(issuer, visitor, "orders"), "POST");
  expect(await askForRefund()).toEqual([200, null]);
  await issuer.sql(
    "UPDATE sessions SET authenticated_at = authenticated_at - interval '1 hour' WHERE id = $1",
    [visitor.sessionId],
  );
  const challenge = 'Bearer error="insufficient_user_authentication", max_age="300"';
  expect(await askForRefund()).toEqual([401, challenge]);
  await visitor.signIn(issuer);
  expect(await askForRefund()).toEqual([200, null]);
});

test("a page that is signed in gets a token and calls the service", async () => {
  const { person, userId } = await newVisitor(issuer);
  const caller = startNode([join(example.folder, "caller.js")], {
    EMAIL: person.email,
    PASSWORD: person.password,
    LATCHKEY_ISSUER: issuer.origin,
    SERVICE: service.origin,
  });
  expect(await caller.ended).toBe(0);
  expect(caller.output()).toContain(`200 {"person":"${userId}"`);
});

test("a session that is revoked is refused within the bound", async () => {
  const visitor = await newVisitor(issuer);
  const token = await tokenFor(issuer, visitor, "orders");
  expect(await ask(token)).toEqual([200, null]);
  const revokedAt = await revokeSession(issuer, visitor.sessionId);
  await service.untilStatus("/orders", token, 401);
  expect(service.lastSaidAt(`orders of ${visitor.userId}`)).toBeLessThanOrEqual(
    revokedAt + BOUND_SECONDS * 1000,
  );
  expect(service.output()).toContain("refused: denied");
});

test("while Latchkey is away it goes on until the bound, then refuses everybody, and comes back by itself", async () => {
  const visitor = await newVisitor(issuer);
  const token = await tokenFor(issuer, visitor, "orders");
  expect(await ask(token)).toEqual([200, null]);
  await issuer.kill();
  const killedAt = Date.now();
  expect(await ask(token), "goes on").toEqual([200, null]);
  await service.untilStatus("/orders", token, 503);
  expect(service.lastSaidAt(`orders of ${visitor.userId}`)).toBeLessThanOrEqual(
    killedAt + BOUND_SECONDS * 1000,
  );
  await issuer.restart();
  await service.untilStatus("/orders", token, 200);
});
