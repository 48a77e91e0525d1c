import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { freshDatabase } from "@/e2e/support/fresh-database";
import { newSession } from "@/lib/sessions/testing/session-store-contract";
import { applyMigrations } from "@/scripts/apply-migrations";
import { startEmbeddedDatabase } from "@/scripts/embedded-database";
import { createClient } from "../client";
import type { PrismaClient } from "../generated/client";
import { type DatabaseStores, openStores } from "../stores";
import { newClient, type Parties } from "./oauth-rows";
import { addUser } from "./session-store-subject";

/** A migrated database of its own, and two processes' worth of connections to it. */
export interface OpenDatabase {
  stores: DatabaseStores;
  other: DatabaseStores;
  db: PrismaClient;
  /** A new client, a new person, and a browser in which that person has signed in. */
  addParties(): Promise<Parties>;
}

interface Served {
  url: string;
  drop(): Promise<void>;
}

const DATABASES: [string, () => Promise<Served>][] = [
  ["Postgres", freshDatabase],
  ["the embedded database", serveEmbedded],
];

/** The same tests on a real Postgres and on the embedded one. */
export function describeOnBoth(what: string, tests: (database: () => OpenDatabase) => void): void {
  describe.each(DATABASES)(`${what} in %s`, (_name, serve) => {
    let served: Served;
    let database: OpenDatabase;
    beforeAll(async () => {
      served = await serve();
      database = open(served.url);
    });
    afterAll(async () => {
      const { stores, other, db } = database;
      await Promise.all([stores.close(), other.close(), db.$disconnect()]);
      await served.drop();
    });
    tests(() => database);
  });
}

async function serveEmbedded(): Promise<Served> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-stores-"));
  const { databaseUrl: url, close } = await startEmbeddedDatabase(folder);
  await applyMigrations(url);
  const drop = async () => {
    await close();
    await rm(folder, { recursive: true });
  };
  return { url, drop };
}

function open(url: string): OpenDatabase {
  const [stores, other, db] = [openStores(url), openStores(url), createClient(url)];
  const addParties = async () => {
    const [client, { id: userId }] = [newClient(), await addUser(db, {})];
    await stores.clients.insert(client, null);
    const browser = newSession({ id: userId });
    await stores.sessions.insert(browser);
    return { clientId: client.id, userId, parentId: browser.id };
  };
  return { stores, other, db, addParties };
}
