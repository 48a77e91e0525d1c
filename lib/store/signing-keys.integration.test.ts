import { randomUUID } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "@/e2e/support/fresh-database";
import { type SigningKeyRecord, secretUse } from "@/lib/keys/signing-key";
import type { Client as OAuthClient } from "@/lib/oauth/client";
import { type DatabaseStores, openStores } from "./stores";
import { newClient } from "./testing/oauth-rows";

const RACERS = 20;

let database: TestDatabase;
let instances: DatabaseStores[];
let sql: Client;
beforeAll(async () => {
  database = await freshDatabase();
  sql = new Client({ connectionString: database.url });
  await sql.connect();
  instances = [openStores(database.url), openStores(database.url)];
});
afterAll(async () => {
  await Promise.all(instances.map((stores) => stores.close()));
  await sql.end();
  await database.drop();
});

const newActiveKey = (): SigningKeyRecord => ({
  kid: randomUUID(),
  use: "access_token",
  algorithm: "ES256",
  state: "active",
  publicJwk: { kty: "EC", crv: "P-256", x: "x", y: "y" },
  custody: "app-secret:kek",
  sealedPrivateKey: new Uint8Array(8),
  createdAt: new Date("2027-01-01T00:00:00Z"),
  activatesAt: null,
  activatedAt: new Date("2027-01-01T00:00:00Z"),
  retiringAt: null,
  retiredAt: null,
  revokedAt: null,
  revokeReason: null,
});

it("of twenty instances that make the first key at once exactly one has its key taken", async () => {
  const keys = Array.from({ length: RACERS }, newActiveKey);
  const inserted = await Promise.allSettled(
    keys.map((key, n) => instances[n % instances.length]?.signingKeys.insert(key)),
  );
  const taken = inserted.map(({ status }) => status === "fulfilled");
  expect(taken.filter(Boolean)).toHaveLength(1);
  const kid = keys[taken.indexOf(true)]?.kid;
  expect((await instances[0]?.signingKeys.listLive())?.keys).toMatchObject([{ kid, state: "active" }]);
});

/** The first of the instances. */
function signingKeys() {
  const [stores] = instances;
  if (stores === undefined) throw new Error("No instance is open.");
  return stores.signingKeys;
}

describe("secrets of audiences", () => {
  const newSecret = (audience: string, changes: Partial<SigningKeyRecord> = {}): SigningKeyRecord => ({
    ...newActiveKey(),
    use: secretUse(audience),
    algorithm: "HS256",
    publicJwk: { kty: "oct" },
    ...changes,
  });
  const WAITING = { state: "staged", activatedAt: null } as const;

  it("are read as they were written, also while one waits without a time", async () => {
    const written = [newSecret("https://a.example.com/"), newSecret("https://a.example.com/", WAITING)];
    for (const secret of written) await signingKeys().insert(secret);
    const { keys } = await signingKeys().listLive();
    const uses = written.map(({ kid }) => keys.find((key) => key.kid === kid));
    expect(uses).toEqual(written);
  });

  it("are active one for each audience, and no second", async () => {
    await signingKeys().insert(newSecret("one"));
    await signingKeys().insert(newSecret("another"));
    await expect(signingKeys().insert(newSecret("one"))).rejects.toThrow();
    await signingKeys().insert(newSecret("one", WAITING));
  });

  it("alone may wait without a time", async () => {
    const key = { ...newActiveKey(), ...WAITING };
    await expect(signingKeys().insert(key)).rejects.toThrow("signing_keys_staged_has_a_time");
  });
});

describe("a key of a use that this version does not know", () => {
  it("is refused by name, and not taken for another", async () => {
    const { kid } = newActiveKey();
    await sql.query(
      `INSERT INTO signing_keys (kid, use, algorithm, state, public_jwk, custody, created_at, revoked_at, revoke_reason)
       VALUES ($1, 'id_token', 'ES256', 'revoked', '{"kty":"EC"}', 'app-secret:kek', now(), now(), '')`,
      [kid],
    );
    await expect(signingKeys().list(100)).rejects.toThrow(`Signing key ${kid} is for id_token by ES256`);
    await sql.query("DELETE FROM signing_keys WHERE kid = $1", [kid]);
  });
});

it("the algorithms that audiences need of our keys are read with these, each once", async () => {
  const addAudience = (identifier: string, profile: string, algorithm: string) =>
    sql.query(
      `INSERT INTO audiences (identifier, profile, algorithm, lifetime_seconds, jwks_uri, created_at, updated_at)
       VALUES ($1, $2::text::audience_profile, $3, 300, $4, now(), now())`,
      [identifier, profile, algorithm, profile === "high-security" ? "https://example.com/jwks" : null],
    );
  const needed = async () => (await signingKeys().listLive()).needed;
  expect(await needed()).toEqual([]);
  await addAudience("legacy", "legacy", "HS256");
  expect(await needed()).toEqual([]);
  await addAudience("mesh", "mesh", "RS256");
  await addAudience("mesh as well", "mesh", "RS256");
  await addAudience("secure", "high-security", "ES256");
  expect(await needed()).toEqual(["ES256", "RS256"]);
  const locked = await instances[1]?.atomically((stores) => stores.signingKeys.lockLive());
  expect(locked?.needed).toEqual(["ES256", "RS256"]);
  await sql.query("DELETE FROM audiences WHERE algorithm = 'RS256'");
  expect(await needed()).toEqual(["ES256"]);
  await sql.query("DELETE FROM audiences");
});

it("and so are those that clients need, also what both need once", async () => {
  const [stores] = instances;
  const clients = ["RS256", "ES256", "RS256"].map((algorithm) =>
    newClient({ algorithm: algorithm as OAuthClient["algorithm"] }),
  );
  for (const client of clients) await stores?.clients.insert(client, null);
  const needed = async () => (await signingKeys().listLive()).needed;
  expect(await needed()).toEqual(["ES256", "RS256"]);
  await sql.query(
    `INSERT INTO audiences (identifier, profile, algorithm, lifetime_seconds, created_at, updated_at)
     VALUES ('mesh', 'mesh', 'RS256', 300, now(), now())`,
  );
  expect(await needed()).toEqual(["ES256", "RS256"]);
  for (const { id } of clients.slice(1)) await stores?.clients.remove(id);
  await sql.query("DELETE FROM audiences");
  expect(await needed()).toEqual(["RS256"]);
  const locked = await stores?.atomically((tx) => tx.signingKeys.lockLive());
  expect(locked?.needed).toEqual(["RS256"]);
});
