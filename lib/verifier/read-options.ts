import type { JWK } from "jose";
import { isLoopbackHost } from "@/lib/config/redis-connection";
import { type Clock, systemClock } from "@/lib/crypto/clock";
import type { Algorithm } from "@/lib/keys/algorithms";
import { isIdentifier, isListOf, isScope, isWithin } from "@/lib/tokens/claims";
import { isObject } from "@/lib/tokens/compact";
import { SERVICE_PROFILES, type VerificationProfile } from "@/lib/tokens/service-profiles";
import type { JwksOptions, Rejection, SharedRedisClient, VerifierOptions } from "./options";
import { type Rule, readObject } from "./read-object";
import { bearer, type Scheme } from "./scheme";

interface Feed {
  token: string;
  maxStalenessSeconds: number;
}

/** The options with every default, checked. */
export interface VerifierSettings {
  issuer: string;
  audience: string;
  profile: VerificationProfile;
  algorithm: Algorithm;
  clockToleranceSeconds: number;
  dpop: Scheme;
  revocation: { feed: Feed } | { redis: SharedRedisClient } | "none";
  /** Those of the profile. */
  jwks?: Required<JwksOptions> | undefined;
  secrets?: readonly string[];
  decryptionKeys?: readonly JWK[];
  onRejected: (reason: Rejection) => void;
  onProblem: (problem: string) => void;
  fetch: typeof fetch;
  clock: Clock;
}

const DAY_SECONDS = 86_400;

const isFunction = (value: unknown): boolean => typeof value === "function";

const isSecret = (secret: unknown): boolean => typeof secret === "string" && secret.length >= 32;

const isPrivateKey = (jwk: unknown): boolean =>
  isObject(jwk) && jwk.crv === "P-256" && typeof jwk.d === "string";

/** Credentials in it `fetch` refuses. */
export function isSafeUrl(text: string): boolean {
  const { protocol, hostname } = new URL(URL.canParse(text) ? text : "no:url");
  return protocol === "https:" || (protocol === "http:" && isLoopbackHost(hostname));
}

export const wholeNumber = (byDefault: number, from: number, to: number): Rule => [
  (value) => isWithin(value, from, to),
  `a whole number from ${from} to ${to}`,
  byDefault,
];

const oneOf = (names: readonly string[], byDefault?: string): Rule => [
  (name) => names.includes(name),
  `one of ${names.join(", ")}`,
  byDefault,
];

const listener: Rule = [isFunction, "a function", () => undefined];

const feed = [isObject, "an object"] as const satisfies Rule;

const jwks: Rule = [...feed, {}];

const redis: Rule = [(client: SharedRedisClient | null) => isFunction(client?.mget), "a client with mget()"];

const COMMON = {
  issuer: [(issuer) => isSafeUrl(issuer) && new URL(issuer).origin === issuer, "an https origin"],
  audience: [isIdentifier, "this service's identifier"],
  revocation: [
    (revocation) => revocation === "none" || isObject(revocation),
    '{ feed: { token } }, { redis } or "none"',
  ],
  clockToleranceSeconds: wholeNumber(10, 0, 30),
  dpop: [isFunction, "what dpop() returns", bearer],
  onRejected: listener,
  onProblem: listener,
  // Looked up at each call: whoever replaces the global one, as instrumentation does, means this one too.
  fetch: [isFunction, "a function", (...parameters: Parameters<typeof fetch>) => fetch(...parameters)],
  clock: [(clock: Clock | null) => isFunction(clock?.now), "a clock with now()", systemClock],
} satisfies Record<string, Rule>;

const OWN = {
  mesh: {
    algorithm: oneOf(SERVICE_PROFILES.mesh.algorithms, "ES256"),
    jwks,
  },
  "high-security": {
    decryptionKeys: [(keys) => isListOf(keys, 16, isPrivateKey), "private JWKs of P-256"],
    jwks,
  },
  legacy: {
    secrets: [(secrets) => isListOf(secrets, 2, isSecret), "1 or 2 secrets of 32 characters or more"],
  },
} satisfies Record<string, Record<string, Rule>>;

/** Throws a `TypeError` with one sentence about the first that is wrong. */
export function readOptions(options: VerifierOptions): VerifierSettings {
  const { profile: name, ...others } = Object(options);
  readObject({ profile: name }, { profile: oneOf(Object.keys(OWN)) });
  const profile = SERVICE_PROFILES[name as keyof typeof OWN];
  const rules = { ...COMMON, ...OWN[name as keyof typeof OWN] };
  const read = readObject<Omit<VerifierSettings, "profile">>(others, rules as never);
  return {
    ...read,
    profile,
    algorithm: read.algorithm ?? profile.algorithms[0],
    revocation: readRevocation(read.revocation, profile),
    jwks: read.jwks && readJwks(read.jwks, read.issuer),
    onRejected: quietly(read.onRejected),
    onProblem: quietly(read.onProblem),
  };
}

/** What a listener does with it is its own affair: no token is accepted, and none refused, because of it. */
const quietly =
  <News>(listen: (news: News) => void) =>
  async (news: News): Promise<void> => {
    try {
      await listen(news);
    } catch {}
  };

function readRevocation(
  revocation: VerifierSettings["revocation"],
  { revocationSeconds }: VerificationProfile,
): VerifierSettings["revocation"] {
  if (revocation === "none") return revocation;
  const rules = "redis" in revocation ? { redis } : { feed };
  const read = readObject<typeof revocation>(revocation, rules as never, "revocation.");
  if ("redis" in read) return read;
  return {
    feed: readObject<Feed>(
      read.feed,
      {
        token: [isScope, "a feed token"],
        maxStalenessSeconds: wholeNumber(revocationSeconds, 1, 300),
      },
      "revocation.feed.",
    ),
  };
}

const readJwks = (given: JwksOptions, issuer: string): Required<JwksOptions> => {
  const { ttlSeconds = 300 } = given;
  return readObject<Required<JwksOptions>>(
    given,
    {
      url: [isSafeUrl, "an https address", `${issuer}/.well-known/jwks.json`],
      ttlSeconds: wholeNumber(300, 1, DAY_SECONDS),
      cooldownSeconds: wholeNumber(30, 1, DAY_SECONDS),
      maxStaleSeconds: wholeNumber(Math.max(3_600, ttlSeconds), ttlSeconds, DAY_SECONDS),
    },
    "jwks.",
  );
};
