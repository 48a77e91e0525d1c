import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as oauth from "oauth4webapi";
import { expect, test } from "playwright/test";
import { startListener } from "../attacks/support/listener";
import { CLIENT_CREDENTIALS, type Client, generateKeys, register } from "./support/client";
import { ANYWHERE, callAsAdministrator, sceneOfFile } from "./support/scene";

/** A client's keys at an address of its own (`jwks_uri`): where they are fetched from, and where they are not. */
let keys: JsonWebKey[] = [];
const site = createServer((_request, response) => {
  response.setHeader("content-type", "application/jwk-set+json").end(JSON.stringify({ keys }));
});
let port = 0;
const scene = sceneOfFile(async () => {
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  ({ port } = site.address() as AddressInfo);
  return { PRIVATE_HOSTS: `127.0.0.1:${port}` };
});
test.afterAll(() => {
  site.closeAllConnections();
  site.close();
});
test.beforeAll(async () => {
  await callAsAdministrator(scene(), "POST", "/api/admin/audiences", {
    identifier: "orders",
    profile: "mesh",
  });
});

/** Proves itself by `key`, whatever is at the address of its keys. */
async function registerWith(jwksUri: string, key: CryptoKey): Promise<Client> {
  const terms = {
    authMethod: "private_key_jwt",
    grantTypes: [CLIENT_CREDENTIALS],
    audiences: ["orders"],
    scope: "orders:read",
    jwksUri,
  };
  return { ...(await register(scene(), terms)), authentication: oauth.PrivateKeyJwt(key) };
}

async function errorOf(client: Client): Promise<string | null> {
  const { server } = scene();
  const response = await oauth.clientCredentialsGrantRequest(
    server,
    client.library,
    client.authentication,
    {},
    ANYWHERE,
  );
  return ((await response.json()) as { error?: string }).error ?? null;
}

test("keys are fetched from an address that an operator allows, and a new one once the cool-down is over", async () => {
  const [first, second] = [await generateKeys("ES256"), await generateKeys("RS256")];
  keys = [{ ...first.jwk, kid: "1" } as JsonWebKey];
  const client = await registerWith(`http://127.0.0.1:${port}/jwks.json`, first.privateKey);
  expect(await errorOf(client)).toBeNull();
  keys = [{ ...second.jwk, kid: "2" } as JsonWebKey];
  const renewed = { ...client, authentication: oauth.PrivateKeyJwt({ key: second.privateKey, kid: "2" }) };
  await expect.poll(() => errorOf(renewed), { timeout: 20_000 }).toBeNull();
});

test("an address that leads inside is not asked, and no client is kept with it", async () => {
  const listener = await startListener('{"keys":[]}');
  const body = {
    name: "Inside",
    authMethod: "private_key_jwt",
    grantTypes: [CLIENT_CREDENTIALS],
    audiences: ["orders"],
    scope: "orders:read",
    jwksUri: `https://localhost:${listener.port}/jwks.json`,
  };
  const { administrator, sendAs } = scene();
  const answer = await sendAs(administrator, { method: "POST", path: "/api/admin/clients", body });
  expect(answer.status).toBe(400);
  expect(JSON.parse(answer.text).errors).toHaveProperty("jwksUri");
  expect(listener.hits()).toBe(0);
  await listener.close();
});
