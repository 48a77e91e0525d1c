import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "@/e2e/support/fresh-database";
import type { SigningKeyRecord } from "@/lib/keys/signing-key";
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
