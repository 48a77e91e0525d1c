import type { JWK } from "jose";
import { isLoopbackHost } from "@/lib/config/redis-connection";
import { type Clock, systemClock } from "@/lib/crypto/clock";
import type { Algorithm } from "@/lib/keys/algorithms";
import type { ServiceClaims } from "@/lib/tokens/claims";
import { isObject } from "@/lib/tokens/compact";
import { PROFILES, type Profile } from "@/lib/tokens/profiles";
import type {
  JwksOptions,
  Rejection,
  RevocationOptions,
  SharedRedisClient,
  VerifierOptions,
} from "./options";

/** The options with every default, checked. */
export interface VerifierSettings {
  issuer: string;
  audience: string;
  profile: Profile<ServiceClaims>;
  algorithm: Algorithm;
  clockToleranceSeconds: number;
  /** Null: nobody is asked. */
  revocation: { feed: { token: string; maxStalenessSeconds: number } } | { redis: SharedRedisClient } | null;
  jwks: Required<JwksOptions>;
  secrets: readonly string[];
  decryptionKeys: readonly JWK[];
  onRejected: (reason: Rejection) => void;
  onProblem: (problem: string) => void;
  fetch: typeof fetch;
  clock: Clock;
}

const COMMON = "profile issuer audience revocation clockToleranceSeconds onRejected onProblem fetch clock";
const OWN = { mesh: "algorithm jwks", "high-security": "decryptionKeys jwks", legacy: "secrets" } as const;

type KitProfile = keyof typeof OWN;

const JWKS_PATH = "/.well-known/jwks.json";
const MAX_AUDIENCE_CHARACTERS = 255;
const MIN_SECRET_BYTES = 32;
const MAX_TOLERANCE_SECONDS = 30;
const MAX_JWKS_SECONDS = 86_400;
const MAX_TIMEOUT_MS = 60_000;
const MAX_STALENESS_SECONDS = 300;

const ignore = () => undefined;

/** Throws a `TypeError` with one sentence about the first that is wrong. */
export function readOptions(options: VerifierOptions): VerifierSettings {
  check(isObject(options), "createVerifier takes an object with options.");
  const name = readProfile(options.profile);
  requireKnown(options, `${COMMON} ${OWN[name]}`);
  const { issuer, audience, clock = systemClock, onRejected = ignore, onProblem = ignore } = options;
  // Looked up at each call: whoever replaces the global one, as instrumentation does, means this one too.
  const fetchOption = options.fetch ?? ((...parameters) => fetch(...parameters));
  check(
    isSafeUrl(issuer) && new URL(issuer).origin === issuer,
    "issuer must be an https origin (http on loopback), as https://login.example.com.",
  );
  check(
    typeof audience === "string" && audience !== "" && audience.length <= MAX_AUDIENCE_CHARACTERS,
    "audience must be the identifier of this service.",
  );
  const functions = { fetch: fetchOption, onRejected, onProblem, "clock.now": clock?.now };
  for (const [key, value] of Object.entries(functions)) {
    check(typeof value === "function", `${key} must be a function.`);
  }
  return {
    issuer,
    audience,
    profile: PROFILES[name],
    algorithm: readAlgorithm(name, options.profile === "mesh" ? options.algorithm : undefined),
    clockToleranceSeconds: readWhole(options, "clockToleranceSeconds", 10, 0, MAX_TOLERANCE_SECONDS),
    revocation: readRevocation(options.revocation, name),
    jwks: readJwks(options.profile === "legacy" ? {} : options.jwks, issuer),
    secrets: options.profile === "legacy" ? readSecrets(options.secrets) : [],
    decryptionKeys: options.profile === "high-security" ? readDecryptionKeys(options.decryptionKeys) : [],
    fetch: fetchOption,
    clock,
    onRejected: quietly(onRejected),
    onProblem: quietly(onProblem),
  };
}

/** What a listener does with it is its own affair. */
const quietly =
  <News>(listener: (news: News) => void) =>
  (news: News): void => {
    try {
      listener(news);
    } catch {
      // A token is not accepted, and none refused, because of it.
    }
  };

function check(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw new TypeError(sentence);
}

function requireKnown(given: object, known: string): void {
  const names = known.split(" ");
  const name = Object.keys(given).find((key) => !names.includes(key));
  check(name === undefined, `There is no option "${name}" here; there are ${names.join(", ")}.`);
}

function readProfile(profile: unknown): KitProfile {
  check(
    profile !== "monolith",
    "monolith is for the pages of Latchkey alone, nobody outside has its secret: create an audience of another profile.",
  );
  check(Object.hasOwn(OWN, String(profile)), `profile must be one of ${Object.keys(OWN).join(", ")}.`);
  return profile as KitProfile;
}

function readAlgorithm(profile: KitProfile, given: Algorithm | undefined): Algorithm {
  const algorithms: readonly Algorithm[] = PROFILES[profile].algorithms;
  const algorithm = given ?? PROFILES[profile].algorithms[0];
  check(algorithms.includes(algorithm), `algorithm must be one of ${algorithms.join(", ")}.`);
  return algorithm;
}

function readRevocation(revocation: RevocationOptions, profile: KitProfile): VerifierSettings["revocation"] {
  if (revocation === "none") return null;
  const [kind, ...others] = isObject(revocation) ? Object.keys(revocation) : [];
  check(
    (kind === "feed" || kind === "redis") && others.length === 0,
    'revocation must be { feed: { token } }, { redis }, or "none" to accept revoked tokens until they expire.',
  );
  if ("redis" in revocation) {
    check(typeof revocation.redis?.mget === "function", "revocation.redis.mget must be a function.");
    return revocation;
  }
  const { feed } = revocation;
  check(
    isObject(feed) && typeof feed.token === "string" && /^[A-Za-z0-9._~+/-]+=*$/.test(feed.token),
    "revocation.feed.token must be the feed token of this audience.",
  );
  requireKnown(feed, "token maxStalenessSeconds");
  const { revocationSeconds } = PROFILES[profile];
  const maxStalenessSeconds = readWhole(
    feed,
    "maxStalenessSeconds",
    revocationSeconds,
    1,
    MAX_STALENESS_SECONDS,
  );
  return { feed: { token: feed.token, maxStalenessSeconds } };
}

function readJwks(jwks: JwksOptions = {}, issuer: string): Required<JwksOptions> {
  check(isObject(jwks), "jwks must be an object.");
  requireKnown(jwks, "url ttlSeconds cooldownSeconds maxStaleSeconds timeoutMs");
  const { url = `${issuer}${JWKS_PATH}` } = jwks;
  check(isSafeUrl(url), "jwks.url must be an https address (http on loopback).");
  const ttlSeconds = readWhole(jwks, "ttlSeconds", 300, 1, MAX_JWKS_SECONDS);
  return {
    url,
    ttlSeconds,
    cooldownSeconds: readWhole(jwks, "cooldownSeconds", 30, 1, MAX_JWKS_SECONDS),
    maxStaleSeconds: readWhole(
      jwks,
      "maxStaleSeconds",
      Math.max(3_600, ttlSeconds),
      ttlSeconds,
      MAX_JWKS_SECONDS,
    ),
    timeoutMs: readWhole(jwks, "timeoutMs", 5_000, 1, MAX_TIMEOUT_MS),
  };
}

const isSecret = (secret: unknown): boolean =>
  typeof secret === "string" && Buffer.byteLength(secret) >= MIN_SECRET_BYTES;

function readSecrets(secrets: unknown): string[] {
  check(
    Array.isArray(secrets) && (secrets.length === 1 || secrets.length === 2) && secrets.every(isSecret),
    `secrets must be a list of one secret, or two while one replaces the other, each of ${MIN_SECRET_BYTES} bytes or more.`,
  );
  return secrets;
}

const isPrivateKey = (jwk: unknown): boolean =>
  isObject(jwk) &&
  jwk.kty === "EC" &&
  jwk.crv === "P-256" &&
  [jwk.x, jwk.y, jwk.d].every((member) => typeof member === "string");

function readDecryptionKeys(jwks: unknown): JWK[] {
  check(
    Array.isArray(jwks) && jwks.length > 0 && jwks.every(isPrivateKey),
    "decryptionKeys must be a list of private keys: JWKs of type EC and curve P-256, with x, y and d.",
  );
  return jwks;
}

function isSafeUrl(text: unknown): text is string {
  if (typeof text !== "string" || !URL.canParse(text)) return false;
  const { protocol, hostname, username, password, hash } = new URL(text);
  if (username + password + hash !== "") return false;
  return protocol === "https:" || (protocol === "http:" && isLoopbackHost(hostname));
}

function readWhole<Name extends string>(
  options: { readonly [name in Name]?: unknown },
  name: Name,
  byDefault: number,
  from: number,
  to: number,
): number {
  const value = options[name] ?? byDefault;
  check(
    Number.isInteger(value) && Number(value) >= from && Number(value) <= to,
    `${name} must be a whole number from ${from} to ${to}.`,
  );
  return Number(value);
}
