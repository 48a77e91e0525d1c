import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { decodeJwt, importJWK } from "jose";
import {
  allowInsecureRequests,
  Configuration,
  type CryptoKey,
  clientCredentialsGrant,
  discovery,
  fetchProtectedResource,
  getDPoPHandle,
  PrivateKeyJwt,
  randomDPoPKeyPair,
} from "openid-client";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { freePort } from "../../e2e/support/free-port";
import { startNode } from "../../e2e/support/running-process";
import { type Eavesdropper, type Heard, startEavesdropper } from "../support/eavesdropper";
import { type Example, prepareExample, type Service, startService } from "../support/example";
import { addAudience, addClient, type Issuer, newVisitor, startIssuer, tokenFor } from "../support/issuer";

/** Two services: billing calls orders with a token of its own, which is bound to a key. */
const ORDERS = { identifier: "orders", profile: "mesh", scope: "orders:read" };
const BILLING = {
  name: "Billing",
  authMethod: "private_key_jwt",
  grantTypes: ["client_credentials"],
  scope: "orders:read",
  audiences: ["orders"],
  requiresDpop: true,
};
const PATIENCE = { timeout: 30_000, interval: 100 };

let issuer: Issuer;
let example: Example;
let eavesdropper: Eavesdropper;
let orders: Service;
let billing: Service;
let keyFile: string;
let clientId: string;

beforeAll(async () => {
  [issuer, example] = await Promise.all([
    startIssuer(),
    prepareExample("service-to-service", ["@latchkey/verifier", "jose", "express", "openid-client"]),
  ]);
  const port = await freePort();
  eavesdropper = await startEavesdropper(port);
  keyFile = join(example.folder, "key.json");
  const { feedToken } = await addAudience(issuer, ORDERS);
  ({
    client: { id: clientId },
  } = await addClient(issuer, { ...BILLING, jwks: await publicKey() }));
  const shared = { LATCHKEY_ISSUER: issuer.origin };
  const ofOrders = { LATCHKEY_FEED_TOKEN: feedToken, PUBLIC_URL: eavesdropper.origin };
  const ofBilling = { CLIENT_ID: clientId, KEY_FILE: keyFile, ORDERS_URL: eavesdropper.origin };
  orders = await startService(example, { program: "orders.js", port, env: { ...shared, ...ofOrders } });
  billing = await startService(example, { program: "billing.js", env: { ...shared, ...ofBilling } });
  await billing.untilStatus("/total", undefined, 200);
});

afterAll(async () => {
  await Promise.all([billing.stop(), orders.stop()]);
  eavesdropper.close();
  await Promise.all([issuer.remove(), example.remove()]);
});

async function publicKey(): Promise<object> {
  const program = startNode([join(example.folder, "public-key.js")], { KEY_FILE: keyFile });
  await program.ended;
  return JSON.parse(program.output());
}

/** What is read on the way of one more call. */
async function overhear(): Promise<Heard & { token: string }> {
  const answer = await billing.fetch("/total");
  expect([answer.status, await answer.text()]).toEqual([200, '{"total":1200}']);
  const heard = eavesdropper.heard.at(-1) ?? { authorization: "", dpop: "" };
  return { ...heard, token: heard.authorization.replace("DPoP ", "") };
}

/** The status and the challenge of what a thief gets with these headers. */
async function steal(headers: Record<string, string>) {
  const answer = await orders.fetch("/orders", undefined, { headers });
  await answer.text();
  return [answer.status, answer.headers.get("www-authenticate")];
}

test("billing is answered with a token of its own, in which there is no person", async () => {
  const { token } = await overhear();
  const claims = decodeJwt(token);
  expect(claims).toMatchObject({ sub: clientId, client_id: clientId, aud: "orders", scope: "orders:read" });
  expect(claims.cnf).toEqual({ jkt: expect.any(String) });
  expect(claims.auth_time).toBeUndefined();
  expect(orders.output()).toContain(`orders for a service, ${clientId}`);
});

test("one token serves many calls, each with a proof of its own", async () => {
  const [first, second] = [await overhear(), await overhear()];
  expect(second.token).toBe(first.token);
  expect(second.dpop).not.toBe(first.dpop);
});

test("its key is its own, and only the public part is at Latchkey", async () => {
  expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
  const { client } = await issuer.manage<{ client: { jwks: { keys: object[] } } }>(
    "GET",
    `clients/${clientId}`,
  );
  expect(client.jwks.keys).toHaveLength(1);
  expect(client.jwks.keys[0]).not.toHaveProperty("d");
});

test("whoever has read a request on its way gets nothing with it", async () => {
  const { authorization, dpop, token } = await overhear();
  const proofRefused = /^DPoP error="invalid_dpop_proof"/;
  const tokenRefused = /error="invalid_token"/;
  expect(await steal({ authorization, dpop }), "the same once more").toEqual([
    401,
    expect.stringMatching(proofRefused),
  ]);
  expect(await steal({ authorization }), "without the proof").toEqual([
    401,
    expect.stringMatching(proofRefused),
  ]);
  for (const headers of [{ authorization: `Bearer ${token}` }, { authorization: `Bearer ${token}`, dpop }]) {
    expect(await steal(headers), "as a bearer token").toEqual([401, expect.stringMatching(tokenRefused)]);
  }
  await expect(callWithAnotherKey(token)).rejects.toMatchObject({ status: 401 });
  expect(
    orders
      .output()
      .match(/refused: (\w+)/g)
      ?.slice(-5),
  ).toEqual([
    "refused: proof_used",
    "refused: proof_malformed",
    "refused: binding",
    "refused: binding",
    "refused: binding",
  ]);
});

async function callWithAnotherKey(token: string): Promise<Response> {
  const config = new Configuration({ issuer: issuer.origin }, "thief");
  allowInsecureRequests(config);
  const DPoP = getDPoPHandle(config, await randomDPoPKeyPair("ES256"));
  const url = new URL(`${eavesdropper.origin}/orders`);
  return fetchProtectedResource(config, token, url, "GET", null, undefined, { DPoP });
}

test("a person's token, which works for whoever has it, is not enough here", async () => {
  const token = await tokenFor(issuer, await newVisitor(issuer), "orders");
  expect(await orders.ask("/orders", token)).toEqual([401, 'DPoP error="invalid_token"']);
});

test("billing itself gets no token that is not bound to a key", async () => {
  const jwk = JSON.parse(await readFile(keyFile, "utf8"));
  const key = (await importJWK(jwk, "ES256")) as CryptoKey;
  const config = await discovery(
    new URL(issuer.origin),
    clientId,
    undefined,
    PrivateKeyJwt({ key, kid: jwk.kid }),
    { execute: [allowInsecureRequests] },
  );
  await expect(clientCredentialsGrant(config)).rejects.toMatchObject({ error: "invalid_dpop_proof" });
});

test("tokens that are taken back are refused, and billing gets others", async () => {
  const { authorization } = await overhear();
  await issuer.manage("POST", `clients/${clientId}/revoke`, { reason: "test" });
  await vi.waitFor(async () => expect((await overhear()).authorization).not.toBe(authorization), PATIENCE);
  expect(orders.output()).toContain("refused: denied");
});

test("a client that is removed is out at once, and gets no other token", async () => {
  await overhear();
  await issuer.manage("DELETE", `clients/${clientId}`);
  await billing.untilStatus("/total", undefined, 502);
  expect(billing.output()).toContain("invalid_client");
});
