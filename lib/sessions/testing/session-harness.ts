import { LRUCache } from "lru-cache";
import type { Client } from "@/lib/audit/events";
import { addSeconds, type Clock, toNumericDate } from "@/lib/crypto/clock";
import { createMetrics } from "@/lib/metrics/metrics";
import { strictDenylist } from "@/lib/revocation/testing/denylists";
import type { SessionClaims } from "@/lib/tokens/claims";
import type { TokenSubject } from "@/lib/tokens/issue";
import { checkTimes, type Verification, type VerifiedClaims } from "@/lib/tokens/verify";
import type { SessionDependencies } from "../dependencies";
import { RefreshTokenCodec } from "../refresh-token";
import type { SessionUser } from "../session";
import { InMemoryDenialStore } from "./in-memory-denial-store";
import { InMemorySessionStore } from "./in-memory-session-store";

export const ACCESS_TOKEN_SECONDS = 600;
export const TOLERANCE_SECONDS = 10;
export const IDLE_SECONDS = 7 * 86_400;
export const MAX_SECONDS = 30 * 86_400;

export const BROWSER: Client = { ip: "192.0.2.10", userAgent: "Firefox" };
export const ADA: SessionUser = {
  id: "00000000-0000-4000-8000-0000000000ad",
  email: "ada@example.test",
  name: "Ada",
  role: "user",
  status: "active",
  createdAt: new Date("2026-01-01T00:00:00Z"),
};

/** A clock that stands until it is moved. */
export class HeldClock implements Clock {
  #nowMs = Date.parse("2027-01-01T00:00:00Z");

  now(): Date {
    return new Date(this.#nowMs);
  }

  /** Moves to so many seconds after the beginning; never back. */
  moveTo(seconds: number): void {
    this.#nowMs = Math.max(this.#nowMs, Date.parse("2027-01-01T00:00:00Z") + Math.round(seconds * 1000));
  }

  pass(seconds: number): void {
    this.#nowMs += Math.round(seconds * 1000);
  }
}

export interface SessionHarness {
  clock: HeldClock;
  store: InMemorySessionStore;
  denials: InMemoryDenialStore;
  deps: SessionDependencies;
}

/** Of the key that signs the access tokens here. */
export const KID = "key";

const codec = new RefreshTokenCodec(["an application secret for tests alone"]);

/** The use cases' dependencies over the stores in memory. Access tokens are claims in clear, so that runs are fast. */
export function createHarness(overrides: Partial<SessionDependencies> = {}): SessionHarness {
  const clock = new HeldClock();
  const denials = new InMemoryDenialStore();
  const store = new InMemorySessionStore(denials);
  store.users.set(ADA.id, { ...ADA });
  let issued = 0;
  const deps: SessionDependencies = {
    store,
    audit: store,
    denylist: strictDenylist(denials, clock),
    clock,
    metrics: createMetrics([]),
    refreshTokens: codec,
    verifyAccessToken: async (text) => readToken(text, clock.now()),
    requireSigner: async () => {},
    issueAccessToken: async (subject, now) => {
      issued += 1;
      return writeToken(subject, `token-${issued}`, now);
    },
    acknowledged: new LRUCache({ max: 100 }),
    reportedRejections: new LRUCache({ max: 100 }),
    limits: {
      idleSeconds: IDLE_SECONDS,
      maxSeconds: MAX_SECONDS,
    },
    ...overrides,
  };
  return { clock, store, denials, deps };
}

function writeToken(
  { sessionId, generation, userId, sessionExpiresAt }: TokenSubject,
  jti: string,
  now: Date,
) {
  const iat = toNumericDate(now);
  const exp = Math.min(iat + ACCESS_TOKEN_SECONDS, toNumericDate(sessionExpiresAt));
  const accessToken = JSON.stringify({
    sub: userId,
    sid: sessionId,
    gen: generation,
    jti,
    iat,
    nbf: iat,
    exp,
  });
  return { accessToken, accessTokenExpiresAt: addSeconds(new Date(0), exp) };
}

function readToken(text: string, now: Date): Verification<SessionClaims> {
  if (!text.startsWith("{")) return { ok: false, reason: "malformed" };
  const claims = JSON.parse(text) as VerifiedClaims;
  const fault = checkTimes(claims, TOLERANCE_SECONDS, now);
  return fault === null ? { ok: true, claims, kid: KID } : { ok: false, reason: fault };
}
