import { randomBytes } from "node:crypto";
import { calculateJwkThumbprint, exportJWK, exportPKCS8, generateKeyPair } from "jose";
import { Client } from "pg";
import { afterEach, beforeEach, expect, it } from "vitest";
import { emptyDatabase, type TestDatabase } from "@/e2e/support/fresh-database";
import { readSettings } from "@/lib/config/settings";
import { createSealedBox } from "@/lib/crypto/sealed-box";
import { type KeyState, sealingContext } from "@/lib/keys/signing-key";
import { createServices, type Services } from "@/lib/services";
import { applyMigrations } from "@/scripts/apply-migrations";
import { readMigrations } from "@/scripts/migration-files";

// A database from before keys rotated: its keys were made once and then signed for good.

const MIGRATIONS = readMigrations();
const ROTATING = MIGRATIONS.findIndex(({ name }) => name.endsWith("_signing_key_life"));

let database: TestDatabase;
let sql: Client;
let opened: Services[];
beforeEach(async () => {
  database = await emptyDatabase();
  await applyMigrations(database.url, MIGRATIONS.slice(0, ROTATING));
  sql = new Client({ connectionString: database.url });
  await sql.connect();
  opened = [];
});
afterEach(async () => {
  await Promise.all(opened.map((services) => services.stop()));
  await sql.end();
  await database.drop();
});

const newSecret = () => randomBytes(32).toString("base64url");

/** A key as it was made then, under this secret. Returns its kid. */
async function insertKey(secret: string, state: KeyState = "active"): Promise<string> {
  const pair = await generateKeyPair("ES256", { extractable: true });
  const publicJwk = await exportJWK(pair.publicKey);
  const kid = await calculateJwkThumbprint(publicJwk);
  const identity = { kid, use: "access_token", algorithm: "ES256" } as const;
  const pkcs8 = Buffer.from(await exportPKCS8(pair.privateKey));
  const isSealed = state === "active" || state === "staged";
  const sealed = isSealed ? createSealedBox([secret]).seal(pkcs8, sealingContext(identity)) : null;
  await sql.query(
    `INSERT INTO signing_keys (kid, use, algorithm, state, public_jwk, sealed_private_key, created_at, activated_at)
     VALUES ($1, $2, $3, $4, $5, $6, now(), now())`,
    [kid, identity.use, identity.algorithm, state, publicJwk, sealed],
  );
  return kid;
}

async function openWith(secret: string): Promise<Services> {
  const settings = { DATABASE_URL: database.url, APP_SECRET: secret, LOG_LEVEL: "silent" };
  const services = createServices(readSettings(settings));
  opened.push(services);
  await services.openKeys();
  return services;
}

it("the key that signed signs on, and gets a successor", async () => {
  const secret = newSecret();
  const kid = await insertKey(secret);
  await applyMigrations(database.url);
  const { keyring } = await openWith(secret);
  expect(keyring.signer.kid).toBe(kid);
  expect(keyring.keys.map(({ state, problem }) => [state, problem])).toEqual([
    ["active", null],
    ["staged", null],
  ]);
});

it("a key of another secret is told by its kid, verifies on, and another one signs", async () => {
  const kid = await insertKey(newSecret());
  await applyMigrations(database.url);
  const { keyring } = await openWith(newSecret());
  expect(keyring.signer.kid).not.toBe(kid);
  expect(keyring.keys.find((key) => key.kid === kid)).toMatchObject({ standing: "foreign", state: "active" });
  expect((await keyring.findVerificationKey(kid))?.kid).toBe(kid);
});

it("every key is in the custody of the secret that it was sealed under, whatever that is called", async () => {
  const secrets = Array.from({ length: 64 }, newSecret);
  const kids = await Promise.all(secrets.map((secret) => insertKey(secret, "staged")));
  await applyMigrations(database.url);
  const { rows } = await sql.query("SELECT kid, custody, activates_at = created_at AS due FROM signing_keys");
  const custodies = Object.fromEntries(rows.map(({ kid, custody }) => [kid, custody]));
  const expected = kids.map((kid, index) => [
    kid,
    `app-secret:${createSealedBox([secrets[index] ?? ""]).sealsUnder}`,
  ]);
  expect(custodies).toEqual(Object.fromEntries(expected));
  expect(rows.every(({ due }) => due)).toBe(true);
  // Of the characters in which base64url differs, each was met.
  expect(Object.values(custodies).join()).toMatch(/(?=.*:.*-.*)(?=.*_)/);
});

it("keys that are over stay so", async () => {
  for (const state of ["retiring", "retired", "revoked"] as const) await insertKey(newSecret(), state);
  await applyMigrations(database.url);
  const { rows } = await sql.query(
    "SELECT state, custody, revoke_reason, signed_count::int FROM signing_keys ORDER BY state",
  );
  const custody = "app-secret:unknown";
  expect(rows).toEqual([
    { state: "retiring", custody, revoke_reason: null, signed_count: 0 },
    { state: "retired", custody, revoke_reason: null, signed_count: 0 },
    { state: "revoked", custody, revoke_reason: "", signed_count: 0 },
  ]);
});
