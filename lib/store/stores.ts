import type { AudienceStore } from "@/lib/audiences/audience";
import type { AuditChain } from "@/lib/audit/chain";
import type { AuditLog } from "@/lib/audit/events";
import type { RateLimiter } from "@/lib/identity/rate-limiter";
import type { OneTimeLinkStore, UserStore } from "@/lib/identity/user-store";
import type { SignatureCountStore } from "@/lib/keys/signature-counts";
import type { KeyListing, SigningKeyStore } from "@/lib/keys/signing-key";
import type { OAuthStores } from "@/lib/oauth/stores";
import type { DenialStore } from "@/lib/revocation/denial";
import type { SessionStore } from "@/lib/sessions/session-store";
import { createAudienceStore } from "./audiences";
import { createAuditChain } from "./audit-chain";
import { createAuditLog } from "./audit-events";
import { createAuthorizationCodeStore } from "./authorization-codes";
import { type CleanupCounts, cleanUp } from "./cleanup";
import { createClient, type Database, IMPATIENT } from "./client";
import { createClientStore } from "./clients";
import { createConsentStore } from "./consents";
import { createDenialStore } from "./denials";
import { createDeviceAuthorizationStore } from "./device-authorizations";
import { createLogoutDeliveryStore } from "./logout-deliveries";
import { createOneTimeLinkStore } from "./one-time-links";
import { createPushedRequestStore } from "./pushed-requests";
import { createRateLimiter } from "./rate-limiter";
import { createSessionStore } from "./sessions";
import { createSigningKeyStore } from "./signing-keys";
import { createUsedProofStore } from "./used-proofs";
import { type Atomically, createUserStore } from "./users";

/** Everything kept in the database, an aggregate each. */
export interface Stores extends OAuthStores {
  users: UserStore;
  links: OneTimeLinkStore;
  sessions: SessionStore;
  signingKeys: SigningKeyStore & SignatureCountStore & KeyListing;
  denials: DenialStore;
  audiences: AudienceStore;
  audit: AuditLog;
}

export interface DatabaseStores extends Stores {
  rateLimiter: RateLimiter;
  auditChain: AuditChain;
  /** Runs the work in one transaction: all of it happens, or nothing. Keep it short. */
  atomically<Result>(work: (stores: Stores) => Promise<Result>): Promise<Result>;
  /** Ends what has expired and deletes what is over; leaves it to another process that is at it. */
  cleanUp(now: Date): Promise<CleanupCounts>;
  /** Rejects when the database does not answer. */
  ping(): Promise<void>;
  databaseTime(): Promise<Date>;
  close(): Promise<void>;
}

export function openStores(databaseUrl: string): DatabaseStores {
  const client = createClient(databaseUrl);
  const limiterClient = createClient(databaseUrl, IMPATIENT);
  return {
    ...createStores(client, (work) => client.$transaction(work)),
    rateLimiter: createRateLimiter(limiterClient),
    auditChain: createAuditChain(client),
    atomically: (work) => client.$transaction((tx) => work(createStores(tx, (inner) => inner(tx)))),
    cleanUp: (now) => cleanUp((work) => client.$transaction(work), now),
    ping: async () => {
      await client.$queryRaw`SELECT 1`;
    },
    databaseTime: async () => {
      const [row] = await client.$queryRaw<[{ now: Date }]>`SELECT clock_timestamp() AS now`;
      return row.now;
    },
    close: async () => {
      await Promise.all([client.$disconnect(), limiterClient.$disconnect()]);
    },
  };
}

function createStores(db: Database, atomically: Atomically): Stores {
  return {
    users: createUserStore(db, atomically),
    links: createOneTimeLinkStore(db),
    sessions: createSessionStore(db, atomically),
    signingKeys: createSigningKeyStore(db),
    denials: createDenialStore(db),
    audiences: createAudienceStore(db),
    clients: createClientStore(db),
    consents: createConsentStore(db),
    authorizationCodes: createAuthorizationCodeStore(db),
    pushedRequests: createPushedRequestStore(db),
    deviceAuthorizations: createDeviceAuthorizationStore(db),
    usedProofs: createUsedProofStore(db),
    logoutDeliveries: createLogoutDeliveryStore(db),
    audit: createAuditLog(db),
  };
}
