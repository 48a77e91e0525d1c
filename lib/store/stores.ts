import type { AuditLog } from "@/lib/audit/events";
import type { RateLimiter } from "@/lib/identity/rate-limiter";
import type { OneTimeLinkStore, UserStore } from "@/lib/identity/user-store";
import type { SigningKeyStore } from "@/lib/keys/signing-key";
import type { DenialStore } from "@/lib/revocation/denial";
import type { SessionStore } from "@/lib/sessions/session-store";
import { createAuditLog } from "./audit-events";
import { createClient, type Database } from "./client";
import { createDenialStore } from "./denials";
import { createOneTimeLinkStore } from "./one-time-links";
import { createRateLimiter } from "./rate-limiter";
import { createSessionStore } from "./sessions";
import { createSigningKeyStore } from "./signing-keys";
import { type Atomically, createUserStore } from "./users";

/** Everything kept in the database, an aggregate each. */
export interface Stores {
  users: UserStore;
  links: OneTimeLinkStore;
  sessions: SessionStore;
  signingKeys: SigningKeyStore;
  denials: DenialStore;
  audit: AuditLog;
  rateLimiter: RateLimiter;
}

export interface DatabaseStores extends Stores {
  /** Runs the work in one transaction: all of it happens, or nothing. Keep it short. */
  atomically<Result>(work: (stores: Stores) => Promise<Result>): Promise<Result>;
  /** Rejects when the database does not answer. */
  ping(): Promise<void>;
  databaseTime(): Promise<Date>;
  close(): Promise<void>;
}

export function openStores(databaseUrl: string): DatabaseStores {
  const client = createClient(databaseUrl);
  return {
    ...createStores(client, (work) => client.$transaction(work)),
    atomically: (work) => client.$transaction((tx) => work(createStores(tx, (inner) => inner(tx)))),
    ping: async () => {
      await client.$queryRaw`SELECT 1`;
    },
    databaseTime: async () => {
      const [row] = await client.$queryRaw<[{ now: Date }]>`SELECT clock_timestamp() AS now`;
      return row.now;
    },
    close: () => client.$disconnect(),
  };
}

function createStores(db: Database, atomically: Atomically): Stores {
  return {
    users: createUserStore(db, atomically),
    links: createOneTimeLinkStore(db),
    sessions: createSessionStore(db),
    signingKeys: createSigningKeyStore(db),
    denials: createDenialStore(db),
    audit: createAuditLog(db),
    rateLimiter: createRateLimiter(db),
  };
}
