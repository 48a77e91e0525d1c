import { once } from "node:events";
import { stat } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { decodeProtectedHeader } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../../e2e/support/free-port";
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

/** A service that alone can read its tokens. */
const RECORDS = { identifier: "records", scope: "records:read" };
const BOUND_SECONDS = 5;

let issuer: Issuer;
let example: Example;
let service: Service;
let keysFile: string;
let feedToken = "";
let meshToken: string;
let jwksUri: string;

beforeAll(async () => {
  const port = await freePort();
  jwksUri = `http://localhost:${port}/jwks`;
  [issuer, example] = await Promise.all([
    startIssuer({ PRIVATE_HOSTS: `localhost:${port}` }),
    prepareExample("high-security", ["@latchkey/verifier", "jose"]),
  ]);
  keysFile = join(example.folder, "keys.json");
  meshToken = await tokenOfMeshAudience();
  service = await start();
  ({ feedToken } = await addAudience(issuer, { ...RECORDS, profile: "high-security", jwksUri }));
  await restart();
});

afterAll(async () => {
  await service.stop();
  await Promise.all([issuer.remove(), example.remove()]);
});

/** An audience of the same name came before this one, and had another profile. */
async function tokenOfMeshAudience(): Promise<string> {
  await addAudience(issuer, { ...RECORDS, profile: "mesh" });
  const token = await tokenFor(issuer, await newVisitor(issuer), "records");
  await issuer.manage("DELETE", "audiences/records");
  return token;
}

function start(): Promise<Service> {
  const env = { LATCHKEY_ISSUER: issuer.origin, LATCHKEY_FEED_TOKEN: feedToken, KEYS_FILE: keysFile };
  return startService(example, { env, port: Number(new URL(jwksUri).port) });
}

async function restart(): Promise<void> {
  await service.stop();
  service = await start();
  await service.untilStatus("/records", await tokenFor(issuer, issuer.admin, "records"), 200);
}

const ask = (token?: string) => service.ask("/records", token);

test("its key is its own, and only the public part is published", async () => {
  expect((await stat(keysFile)).mode & 0o777).toBe(0o600);
  const { keys } = await (await service.fetch("/jwks")).json();
  expect(keys.map((key: object) => Object.keys(key).sort())).toEqual([
    ["alg", "crv", "kid", "kty", "use", "x", "y"],
  ]);
});

test("a token is opaque to whoever sees it on the way, and the service reads it", async () => {
  const visitor = await newVisitor(issuer);
  const token = await tokenFor(issuer, visitor, "records");
  const parts = token.split(".");
  expect(parts).toHaveLength(5);
  expect(Object.keys(decodeProtectedHeader(token)).sort()).toEqual(["alg", "cty", "enc", "epk", "kid"]);
  const visible = parts.map((part) => Buffer.from(part, "base64url").toString("latin1")).join("\n");
  for (const secret of [visitor.userId, visitor.sessionId, issuer.origin, "records"]) {
    expect(visible).not.toContain(secret);
  }
  expect(await (await service.fetch("/records", token)).json()).toMatchObject({ person: visitor.userId });
});

test("no token, and one that is signed alone for the same name, are refused", async () => {
  expect(await ask()).toEqual([401, "Bearer"]);
  expect(await ask(meshToken)).toEqual([401, 'Bearer error="invalid_token"']);
});

test("two tokens in one request are refused, also where both are good", async () => {
  const token = `Bearer ${await tokenFor(issuer, await newVisitor(issuer), "records")}`;
  const asking = get(`${service.origin}/records`, { headers: { Authorization: [token, token] } });
  const [response] = (await once(asking, "response")) as [IncomingMessage];
  response.resume();
  expect(response.statusCode).toBe(401);
});

test("its key is replaced, and tokens for the former one are still read", async () => {
  const visitor = await newVisitor(issuer);
  const former = await tokenFor(issuer, visitor, "records");
  const rotation = startNode([join(example.folder, "rotate.js")], { KEYS_FILE: keysFile });
  expect(await rotation.ended).toBe(0);
  await restart();
  expect(await ask(former)).toEqual([200, null]);
  // Latchkey would ask by itself within five minutes; whoever saves the address has it ask at once.
  await issuer.manage("PATCH", "audiences/records", { jwksUri });
  const next = await tokenFor(issuer, visitor, "records");
  expect(decodeProtectedHeader(next).kid).not.toBe(decodeProtectedHeader(former).kid);
  expect(await ask(next)).toEqual([200, null]);
  expect(await ask(former)).toEqual([200, null]);
});

test("a session that is revoked is refused within the bound", async () => {
  const visitor = await newVisitor(issuer);
  const token = await tokenFor(issuer, visitor, "records");
  expect(await ask(token)).toEqual([200, null]);
  const revokedAt = await revokeSession(issuer, visitor.sessionId);
  await service.untilStatus("/records", token, 401);
  expect(service.lastSaidAt(`records of ${visitor.userId}`)).toBeLessThanOrEqual(
    revokedAt + BOUND_SECONDS * 1000,
  );
});
