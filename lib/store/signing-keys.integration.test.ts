import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "@/e2e/support/fresh-database";
import type { KeyState, SigningKeyRecord } from "@/lib/keys/signing-key";
import { type DatabaseStores, openStores } from "./stores";

const RACERS = 20;

let database: TestDatabase;
let instances: DatabaseStores[];
beforeAll(async () => {
  database = await freshDatabase();
  instances = [openStores(database.url), openStores(database.url)];
});
afterAll(async () => {
  await Promise.all(instances.map((stores) => stores.close()));
  await database.drop();
});

const newKey = (state: KeyState): SigningKeyRecord => ({
  kid: randomUUID(),
  use: "access_token",
  algorithm: "ES256",
  state,
  publicJwk: { kty: "EC", crv: "P-256", x: "x", y: "y" },
  sealedPrivateKey: new Uint8Array(8),
  createdAt: new Date("2027-01-01T00:00:00Z"),
  activatedAt: null,
});

it("of twenty instances that make the first key at once exactly one has its key taken", async () => {
  const keys = Array.from({ length: RACERS }, () => newKey("active"));
  const taken = await Promise.all(
    keys.map((key, n) => instances[n % instances.length]?.signingKeys.insertActive(key)),
  );
  expect(taken.filter(Boolean)).toHaveLength(1);
  const kid = keys[taken.indexOf(true)]?.kid;
  expect(await instances[0]?.signingKeys.listLive()).toMatchObject([{ kid, state: "active" }]);
});
