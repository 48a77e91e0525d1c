import { LRUCache } from "lru-cache";
import type { AuditEvent } from "./audit/events";
import { createLogger, type Logger } from "./audit/logger";
import { DENYLIST_POLL_MS, KEYRING_RELOAD_MS } from "./config/durations";
import { readSettings, type Settings } from "./config/settings";
import { type Clock, systemClock } from "./crypto/clock";
import { createSealedBox } from "./crypto/sealed-box";
import type { IdentityDependencies } from "./identity/dependencies";
import { PasswordHasher } from "./identity/password-hasher";
import { Keyring } from "./keys/keyring";
import { type Denylist, StrictDenylist } from "./revocation/denylist";
import { ReplicaDenylist } from "./revocation/replica-denylist";
import type { SessionDependencies } from "./sessions/dependencies";
import { RefreshTokenCodec } from "./sessions/refresh-token";
import { isOutage } from "./store/outage";
import { type DatabaseStores, openStores } from "./store/stores";
import { issueAccessToken } from "./tokens/issue";
import { meshProfile } from "./tokens/profiles";
import { TokenVerifier } from "./tokens/token-verifier";

const MAX_REMEMBERED_SESSIONS = 50_000;
const MAX_REPORTED_REJECTIONS = 1_000;
const REJECTION_REPORT_MS = 60_000;
const CLEANUP_INTERVAL_MS = 60_000;

/** The product, put together. One per process. */
export interface Services {
  settings: Settings;
  clock: Clock;
  log: Logger;
  stores: DatabaseStores;
  keyring: Keyring;
  denylist: Denylist;
  sessions: SessionDependencies;
  identity: IdentityDependencies;
  /** Whether an error means that the database could not be asked. */
  isOutage(error: unknown): boolean;
  /** Reads keys and denylist and begins what runs beside the requests. Rejects when either cannot be read. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Puts the product together. Connects to nothing before `start`. */
export function createServices(settings: Settings, clock: Clock = systemClock): Services {
  const { databaseUrl, secrets } = settings;
  if (databaseUrl === null) throw new Error("DATABASE_URL is not set: start Latchkey with `npm start`.");
  const log = createLogger(settings.logLevel);
  const stores = openStores(databaseUrl);
  const keyring = new Keyring({ store: stores.signingKeys, box: createSealedBox(secrets), clock }, "ES256");
  const replica = settings.revocation === "replica" ? new ReplicaDenylist(stores.denials, clock) : null;
  const denylist = replica ?? new StrictDenylist(stores.denials, clock);
  const sessions = createSessionDependencies(settings, clock, stores, keyring, denylist);
  const timers: NodeJS.Timeout[] = [];
  return {
    settings,
    clock,
    log,
    stores,
    keyring,
    denylist,
    sessions,
    identity: createIdentityDependencies(settings, clock, stores, sessions),
    isOutage,
    start: async () => {
      if (await keyring.open()) await stores.audit.record(keyActivated(keyring.signer.kid, clock.now()));
      await replica?.sync();
      const jobs: [work: () => Promise<unknown>, intervalMs: number][] = [
        [() => keyring.load(), KEYRING_RELOAD_MS],
        [() => cleanUp(stores, clock.now()), CLEANUP_INTERVAL_MS],
      ];
      if (replica !== null) jobs.push([() => replica.sync(), DENYLIST_POLL_MS]);
      for (const [work, intervalMs] of jobs) timers.push(repeat(work, intervalMs, log));
    },
    stop: async () => {
      for (const timer of timers) clearInterval(timer);
      await stores.close();
    },
  };
}

/** What has expired and nobody asks for any more. */
async function cleanUp(stores: DatabaseStores, now: Date): Promise<void> {
  await stores.denials.deleteExpired(now);
  await stores.rateLimiter.deleteExpired(now);
  await stores.links.deleteUseless(now);
}

const keyActivated = (kid: string, at: Date): AuditEvent => ({
  at,
  type: "signing_key.activated",
  actorId: null,
  userId: null,
  sessionId: null,
  client: null,
  details: { kid },
});

/** Runs the work again and again, never twice at a time; a failure is logged, and the next time comes. */
function repeat(work: () => Promise<unknown>, intervalMs: number, log: Logger): NodeJS.Timeout {
  let isRunning = false;
  return setInterval(async () => {
    if (isRunning) return;
    isRunning = true;
    await work().catch((error: unknown) => log.warn({ err: error }, "background work failed"));
    isRunning = false;
  }, intervalMs);
}

function createSessionDependencies(
  settings: Settings,
  clock: Clock,
  stores: DatabaseStores,
  keyring: Keyring,
  denylist: Denylist,
): SessionDependencies {
  const { origin, clockToleranceSeconds, accessTokenSeconds } = settings;
  const profile = meshProfile(accessTokenSeconds);
  const findKey = (kid: string) => keyring.findVerificationKey(kid);
  const rules = { issuer: origin, audience: origin, profile, clockToleranceSeconds, findKey };
  const verifier = new TokenVerifier(rules, keyring, clock);
  return {
    store: stores.sessions,
    audit: stores.audit,
    denylist,
    clock,
    refreshTokens: new RefreshTokenCodec(settings.secrets),
    verifyAccessToken: (text) => verifier.verify(text),
    issueAccessToken: (subject, now) => issueAccessToken(subject, origin, profile, keyring.signer, now),
    acknowledged: new LRUCache({ max: MAX_REMEMBERED_SESSIONS }),
    reportedRejections: new LRUCache({ max: MAX_REPORTED_REJECTIONS, ttl: REJECTION_REPORT_MS }),
    limits: {
      idleSeconds: settings.sessionIdleSeconds,
      maxSeconds: settings.sessionMaxSeconds,
    },
  };
}

function createIdentityDependencies(
  settings: Settings,
  clock: Clock,
  stores: DatabaseStores,
  sessions: SessionDependencies,
): IdentityDependencies {
  return {
    users: stores.users,
    links: stores.links,
    sessions: stores.sessions,
    audit: stores.audit,
    atomically: (work) => stores.atomically(work),
    rateLimiter: stores.rateLimiter,
    hasher: new PasswordHasher(),
    clock,
    sessionDependencies: sessions,
    signup: settings.signup,
    origin: settings.origin,
  };
}

/** The server's bundles each hold a copy of this file; the process has one set of services. */
const SERVICES = Symbol.for("latchkey.services");

/** The services of this process, made from its settings at the first call. */
export function services(): Services {
  const holder = globalThis as { [SERVICES]?: Services };
  holder[SERVICES] ??= createServices(readSettings());
  return holder[SERVICES];
}
