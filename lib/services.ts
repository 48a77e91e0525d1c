import { LRUCache } from "lru-cache";
import type { AuditEvent } from "./audit/events";
import { createLogger, type Logger } from "./audit/logger";
import { Background } from "./background";
import { AUDIT_CHAIN_MS, DENYLIST_POLL_MS, KEYRING_RELOAD_MS, REDIS_CHECK_MS } from "./config/durations";
import { readSettings, type Settings } from "./config/settings";
import { type Clock, systemClock } from "./crypto/clock";
import { createSealedBox } from "./crypto/sealed-box";
import type { IdentityDependencies } from "./identity/dependencies";
import { PasswordHasher } from "./identity/password-hasher";
import { Keyring } from "./keys/keyring";
import { createMetrics, type Metrics } from "./metrics/metrics";
import { ROUTE_PATTERNS } from "./policy/routes";
import { openRedis, type RedisLink } from "./redis/redis-link";
import type { DenialStore } from "./revocation/denial";
import { DenialCopy } from "./revocation/denial-copy";
import { Denylist, type DenylistSource } from "./revocation/denylist";
import { SharedDenials } from "./revocation/shared-denials";
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
  metrics: Metrics;
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
  const metrics = createMetrics(ROUTE_PATTERNS);
  const stores = openStores(databaseUrl);
  const keyring = new Keyring({ store: stores.signingKeys, box: createSealedBox(secrets), clock }, "ES256");
  const redis = settings.redis === null ? null : openRedis(settings.redis, metrics.redisSeconds);
  const denylist = createDenylist(settings, clock, metrics, stores.denials, redis);
  const sessions = createSessionDependencies(settings, clock, metrics, stores, keyring, denylist);
  const background = new Background(log);
  return {
    settings,
    clock,
    log,
    metrics,
    stores,
    keyring,
    denylist,
    sessions,
    identity: createIdentityDependencies(settings, clock, stores, sessions),
    isOutage,
    start: async () => {
      if (await keyring.open()) await stores.audit.record(keyActivated(keyring.signer.kid, clock.now()));
      await denylist.start();
      background.every(KEYRING_RELOAD_MS, "read the signing keys", () => keyring.load());
      background.every(DENYLIST_POLL_MS, "read the denylist", () => denylist.sync());
      background.every(REDIS_CHECK_MS, "check the eviction policy of Redis", () => denylist.checkEviction());
      background.every(AUDIT_CHAIN_MS, "chain the audit log", () => stores.auditChain.chainNew());
      background.every(CLEANUP_INTERVAL_MS, "clean up", async () => {
        denylist.forgetExpired();
        const { expiredSessions } = await stores.cleanUp(clock.now());
        metrics.sessionsEnded.inc("expired", expiredSessions);
      });
    },
    stop: async () => {
      background.stop();
      await redis?.close();
      await stores.close();
    },
  };
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

function createDenylist(
  { revocation }: Settings,
  clock: Clock,
  metrics: Metrics,
  store: DenialStore,
  redis: RedisLink | null,
): Denylist {
  const copy = new DenialCopy(store, clock, (ageSeconds) => metrics.revocationLag.observe(ageSeconds));
  const shared = redis === null ? null : new SharedDenials(redis, clock);
  const onAnswer = (source: DenylistSource) => metrics.denylistAnswers.inc(source);
  const denylist = new Denylist({ mode: revocation, store, copy, shared, clock, onAnswer });
  metrics.watch({
    denylistEntries: () => copy.size,
    denylistAgeSeconds: () => (denylist.isCopying ? copy.ageMs / 1000 : null),
    isRedisCircuitOpen: () => redis?.isCircuitOpen ?? null,
  });
  return denylist;
}

function createSessionDependencies(
  settings: Settings,
  clock: Clock,
  metrics: Metrics,
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
    metrics,
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
    metrics: sessions.metrics,
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
