import { LRUCache } from "lru-cache";
import type { AudienceDependencies } from "./audiences/dependencies";
import { isRecipientKeyUnavailable, RecipientKeys } from "./audiences/recipient-keys";
import { createLogger, type Logger } from "./audit/logger";
import { Background } from "./background";
import {
  AUDIT_CHAIN_MS,
  DENYLIST_POLL_MS,
  KEY_ABANDONED_SECONDS,
  KEY_RETIRING_SECONDS,
  KEY_STAGED_SECONDS,
  KEYRING_POLL_MS,
  LOGOUT_DELIVERY_MS,
  REDIS_CHECK_MS,
  SIGNATURE_COUNT_MS,
  SIGNER_SWEEP_MS,
} from "./config/durations";
import { readSettings, type Settings } from "./config/settings";
import { type Clock, secondsBetween, systemClock } from "./crypto/clock";
import { createSealedBox } from "./crypto/sealed-box";
import type { IdentityDependencies } from "./identity/dependencies";
import { PasswordHasher } from "./identity/password-hasher";
import { isSigningUnavailable } from "./keys/custody";
import { EveryCustody } from "./keys/every-custody";
import { Keyring } from "./keys/keyring";
import { OutsideCustody } from "./keys/outside-custody";
import { advanceKeys, type RotationDependencies } from "./keys/rotation";
import { SealedCustody } from "./keys/sealed-custody";
import { SignatureCounts } from "./keys/signature-counts";
import { openSignerSocket } from "./keys/signer-socket";
import { secretUse } from "./keys/signing-key";
import { sweepSigner } from "./keys/sweep-signer";
import { createMetrics, type Metrics } from "./metrics/metrics";
import { ClientKeys } from "./oauth/client-keys";
import { deliverLogouts } from "./oauth/deliver-logouts";
import type { OAuthDependencies } from "./oauth/dependencies";
import { SignedMarks } from "./oauth/signed-mark";
import { fetchJson } from "./outbound/fetch-json";
import { postForm } from "./outbound/post-form";
import { ROUTE_PATTERNS } from "./policy/routes";
import { openRedis, type RedisLink } from "./redis/redis-link";
import type { DenialStore } from "./revocation/denial";
import { DenialCopy } from "./revocation/denial-copy";
import { Denylist, type DenylistSource } from "./revocation/denylist";
import { RevocationFeed } from "./revocation/feed";
import { findSigner } from "./revocation/find-signer";
import { SharedDenials } from "./revocation/shared-denials";
import type { SessionDependencies } from "./sessions/dependencies";
import { RefreshTokenCodec } from "./sessions/refresh-token";
import { isOutage } from "./store/outage";
import { type DatabaseStores, openStores, type Stores } from "./store/stores";
import type { SessionClaims } from "./tokens/claims";
import { issueAccessToken } from "./tokens/issue";
import { ownProfile, PROFILES } from "./tokens/profiles";
import { RequestVerifier } from "./tokens/request-verifier";
import { TokenVerifier } from "./tokens/token-verifier";

const MAX_REMEMBERED_SESSIONS = 50_000;
const MAX_REPORTED_REJECTIONS = 1_000;
const REJECTION_REPORT_MS = 60_000;
const CLEANUP_INTERVAL_MS = 60_000;

/** What the use cases of signing keys stand on. */
export interface KeyDependencies extends RotationDependencies<Stores> {
  sealed: SealedCustody;
  /** Null: there is no signer outside. */
  outside: OutsideCustody | null;
  denylist: Denylist;
}

/** The product, put together. One per process. */
export interface Services {
  settings: Settings;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  stores: DatabaseStores;
  keyring: Keyring;
  keys: KeyDependencies;
  denylist: Denylist;
  /** What services elsewhere read of the denylist. */
  feed: RevocationFeed;
  sessions: SessionDependencies;
  identity: IdentityDependencies;
  audiences: AudienceDependencies;
  oauth: OAuthDependencies;
  /** Whether an error means that the database, or whoever signs, could not be asked. */
  isOutage(error: unknown): boolean;
  /** Within `handle`, whoever is let in once is not refused later, unless his session or token is taken back. */
  duringRequest<Result>(handle: () => Result): Result;
  /** Reads the signing keys and takes what is due of their life: afterwards there is one that signs. */
  openKeys(): Promise<void>;
  /** Reads keys and denylist and begins what runs beside the requests. Rejects when either cannot be read. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Puts the product together. Connects to nothing before `start`. */
export function createServices(settings: Settings, clock: Clock = systemClock): Services {
  const { databaseUrl } = settings;
  if (databaseUrl === null) throw new Error("DATABASE_URL is not set: start Latchkey with `npm start`.");
  const log = createLogger(settings.logLevel);
  const metrics = createMetrics(ROUTE_PATTERNS);
  const stores = openStores(databaseUrl);
  const signatures = new SignatureCounts(stores.signingKeys, clock);
  const rotation = createRotation(settings, clock, log, metrics, stores, signatures);
  const { keyring, outside } = rotation;
  const openKeys = async () => {
    await keyring.load();
    await advanceKeys(rotation);
  };
  const redis = settings.redis === null ? null : openRedis(settings.redis, metrics.redisSeconds);
  const feed = new RevocationFeed({ store: stores.denials, clock });
  const { denylist, readings } = createDenylist(settings, clock, metrics, stores.denials, redis, feed);
  metrics.watch({
    ...readings,
    unusableKeys: () => keyring.keys.filter(({ problem }) => problem !== null).length,
    secondsToNextKey: () => {
      const signsFrom = keyring.nextKey?.activatesAt ?? null;
      return signsFrom === null ? null : secondsBetween(keyring.now, signsFrom);
    },
  });
  const verifier = createVerifier(settings, clock, keyring);
  const sessions = createSessionDependencies(settings, clock, metrics, stores, keyring, verifier, denylist);
  const audiences = createAudienceDependencies(settings, clock, stores, rotation, denylist);
  const oauth = createOAuthDependencies(settings, clock, stores, sessions, audiences);
  const background = new Background(log);
  return {
    settings,
    clock,
    log,
    metrics,
    stores,
    keyring,
    keys: { ...rotation, denylist },
    denylist,
    feed,
    sessions,
    identity: createIdentityDependencies(settings, clock, stores, sessions),
    audiences,
    oauth,
    isOutage: (error) => isOutage(error) || isSigningUnavailable(error) || isRecipientKeyUnavailable(error),
    duringRequest: (handle) => verifier.duringRequest(() => denylist.duringRequest(handle)),
    openKeys,
    start: async () => {
      // A signer outside that does not answer yet keeps nobody from verifying.
      await openKeys().catch((error) => {
        if (!isSigningUnavailable(error)) throw error;
        log.error({ err: error }, "no signing key can be made");
      });
      await denylist.start();
      // Apart, so that a key that takes its time to be made keeps nobody from hearing of one that is revoked.
      background.every(KEYRING_POLL_MS, "read the signing keys", () => keyring.load());
      background.every(KEYRING_POLL_MS, "look after the signing keys", () => advanceKeys(rotation));
      if (outside !== null) {
        background.every(SIGNER_SWEEP_MS, "sweep the signer", () => sweepSigner(outside, keyring));
      }
      background.every(SIGNATURE_COUNT_MS, "count signatures", () => signatures.flush());
      background.every(DENYLIST_POLL_MS, "read the denylist", () => denylist.sync());
      background.every(DENYLIST_POLL_MS, "look after the denylist in Redis", () => denylist.refill());
      background.every(REDIS_CHECK_MS, "check the eviction policy of Redis", () => denylist.checkEviction());
      background.every(LOGOUT_DELIVERY_MS, "tell clients of ended sessions", async () => {
        await deliverLogouts(oauth);
      });
      background.every(AUDIT_CHAIN_MS, "chain the audit log", () => stores.auditChain.chainNew());
      background.every(CLEANUP_INTERVAL_MS, "clean up", async () => {
        denylist.forgetExpired();
        const { expiredSessions, onlineGrants } = await stores.cleanUp(clock.now());
        metrics.sessionsEnded.inc("expired", expiredSessions + onlineGrants);
      });
    },
    stop: async () => {
      background.stop();
      await signatures.flush().catch(() => undefined);
      await redis?.close();
      await stores.close();
    },
  };
}

function createRotation(
  settings: Settings,
  clock: Clock,
  log: Logger,
  metrics: Metrics,
  stores: DatabaseStores,
  signatures: SignatureCounts,
): Omit<KeyDependencies, "denylist"> {
  const { secrets, signerSocket, signerNewKeys, origin, keyRotationSeconds, sessionAlgorithm } = settings;
  const sealed = new SealedCustody(createSealedBox(secrets));
  const outside = signerSocket === null ? null : new OutsideCustody(openSignerSocket(signerSocket, origin));
  const custody = new EveryCustody(sealed, outside, signerNewKeys ? (outside ?? sealed) : sealed);
  const schedule = {
    rotationSeconds: keyRotationSeconds,
    stagedSeconds: KEY_STAGED_SECONDS,
    retiringSeconds: KEY_RETIRING_SECONDS,
    abandonedSeconds: KEY_ABANDONED_SECONDS,
  };
  const onSigned = (kid: string, seconds: number) => {
    metrics.signingSeconds.observe(seconds);
    signatures.add(kid);
  };
  const onProblem = (problem: string) => log.error({}, problem);
  const dependencies = { store: stores.signingKeys, custody, clock, schedule, onSigned, onProblem };
  const keyring = new Keyring(dependencies, sessionAlgorithm);
  return { keyring, custody, sealed, outside, schedule, atomically: (work) => stores.atomically(work) };
}

function createDenylist(
  { revocation }: Settings,
  clock: Clock,
  metrics: Metrics,
  store: DenialStore,
  redis: RedisLink | null,
  feed: RevocationFeed,
) {
  const copy = new DenialCopy(store, clock, (ageSeconds) => metrics.revocationLag.observe(ageSeconds));
  const shared = redis === null ? null : new SharedDenials(redis, clock);
  const onAnswer = (source: DenylistSource) => metrics.denylistAnswers.inc(source);
  const onPublished = () => feed.nudge();
  const denylist = new Denylist({ mode: revocation, store, copy, shared, clock, onAnswer, onPublished });
  const readings = {
    denylistEntries: () => copy.size,
    denylistAgeSeconds: () => (denylist.isCopying ? copy.ageMs / 1000 : null),
    isRedisCircuitOpen: () => redis?.isCircuitOpen ?? null,
  };
  return { denylist, readings };
}

function createVerifier(settings: Settings, clock: Clock, keyring: Keyring): RequestVerifier<SessionClaims> {
  const { origin, clockToleranceSeconds, accessTokenSeconds, sessionAlgorithm } = settings;
  const rules = {
    issuer: origin,
    audience: origin,
    profile: ownProfile(sessionAlgorithm, accessTokenSeconds),
    clockToleranceSeconds,
    findKey: (kid: string) => keyring.findVerificationKey(kid),
    // Those of the keys that are live: after another algorithm is set, the tokens of the former one still hold.
    get algorithms() {
      return keyring.algorithms;
    },
  };
  return new RequestVerifier(new TokenVerifier(rules, keyring, clock));
}

function createSessionDependencies(
  settings: Settings,
  clock: Clock,
  metrics: Metrics,
  stores: DatabaseStores,
  keyring: Keyring,
  verifier: RequestVerifier<SessionClaims>,
  denylist: Denylist,
): SessionDependencies {
  const { origin, accessTokenSeconds, sessionAlgorithm } = settings;
  const profile = ownProfile(sessionAlgorithm, accessTokenSeconds);
  return {
    store: stores.sessions,
    audit: stores.audit,
    denylist,
    clock,
    metrics,
    refreshTokens: new RefreshTokenCodec(settings.secrets),
    verifyAccessToken: (text) => verifier.verify(text),
    requireSigner: () => findSigner(keyring, denylist),
    // Of a key that `requireSigner` has just asked about.
    issueAccessToken: async (subject, now) =>
      issueAccessToken(subject, origin, profile, await keyring.findSigner(), now),
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

function createAudienceDependencies(
  { origin, privateHosts, clockToleranceSeconds }: Settings,
  clock: Clock,
  stores: DatabaseStores,
  keys: RotationDependencies<Stores>,
  denylist: Denylist,
): AudienceDependencies {
  const fetchPublic = (url: string) => fetchJson(url, { privateHosts });
  return {
    store: stores.audiences,
    sessions: stores.sessions,
    keys,
    recipientKeys: new RecipientKeys({ fetchJson: fetchPublic, clock }),
    findSigner: ({ identifier, profile, algorithm }) => {
      const isItsOwn = PROFILES[profile].keySource === "audience";
      const use = isItsOwn ? secretUse(identifier) : "access_token";
      return findSigner(keys.keyring, denylist, () => keys.keyring.findSignerFor(use, algorithm));
    },
    issuer: origin,
    clockToleranceSeconds,
    clock,
  };
}

function createOAuthDependencies(
  settings: Settings,
  clock: Clock,
  stores: DatabaseStores,
  sessions: SessionDependencies,
  audiences: AudienceDependencies,
): OAuthDependencies {
  const { origin, privateHosts, clockToleranceSeconds, secrets } = settings;
  const { keyring } = audiences.keys;
  const fetchPublic = (url: string) => fetchJson(url, { privateHosts });
  return {
    stores,
    atomically: (work) => stores.atomically(work),
    sessions,
    audiences,
    findSigner: (algorithm) =>
      findSigner(keyring, sessions.denylist, () => keyring.findSignerFor("access_token", algorithm)),
    fetchJson: fetchPublic,
    postForm: (url, form) => postForm(url, form, { privateHosts }),
    clientKeys: new ClientKeys({ fetchJson: fetchPublic, clock }),
    rateLimiter: stores.rateLimiter,
    marks: new SignedMarks(secrets),
    privateHosts,
    issuer: origin,
    clockToleranceSeconds,
    clock,
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
