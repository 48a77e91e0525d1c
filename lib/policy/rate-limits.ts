import { minutesToSeconds } from "../config/durations";

/** What a counter is kept for. An address is always its bucket (`addressBucket`). */
export type RateLimitSubject = "account and address" | "account" | "address" | "client" | "user";

export interface RateLimit {
  /** So many are let through in one window; the next one is refused. */
  points: number;
  windowSeconds: number;
  per: RateLimitSubject;
  counts: string;
}

export const RATE_LIMITS = {
  /** Guessing one account from one place. */
  signInFailureByAccountAndAddress: {
    points: 10,
    windowSeconds: minutesToSeconds(15),
    per: "account and address",
    counts: "failed sign-ins",
  },
  /**
   * Guessing one account from many places (NIST SP 800-63B-4 section 3.2.2: at most 100). An address from
   * which the account has signed in before is not held to it, so that a stranger cannot lock its owner out.
   */
  signInFailureByAccount: {
    points: 100,
    windowSeconds: minutesToSeconds(60),
    per: "account",
    counts: "failed sign-ins from addresses the account has not signed in from",
  },
  /** One guess at each of many accounts; room for an office behind one address. */
  signInByAddress: {
    points: 100,
    windowSeconds: minutesToSeconds(15),
    per: "address",
    counts: "sign-in attempts",
  },
  signUpByAddress: {
    points: 20,
    windowSeconds: minutesToSeconds(60),
    per: "address",
    counts: "sign-up attempts",
  },
  /** Set-up, invitation and reset links. */
  oneTimeLinkByAddress: {
    points: 30,
    windowSeconds: minutesToSeconds(15),
    per: "address",
    counts: "attempts to use a one-time link",
  },
  /** Someone at an unlocked screen guessing the password of the person who is signed in. */
  passwordCheckByUser: {
    points: 10,
    windowSeconds: minutesToSeconds(15),
    per: "user",
    counts: "password checks of a signed-in person",
  },
  /** A signed-in person guessing the code that a device shows to somebody else (RFC 8628 section 5.1). */
  userCodeByUser: {
    points: 10,
    windowSeconds: minutesToSeconds(15),
    per: "user",
    counts: "user codes of devices that a signed-in person looks up or answers",
  },
  /** By a client that anybody may say to be. User codes are few: whoever asks for many makes each guess a better one. */
  deviceAuthorizationByAddress: {
    points: 60,
    windowSeconds: minutesToSeconds(15),
    per: "address",
    counts: "device authorizations that public clients asked for",
  },
  /** By a client that has proved who it is: for all its people. */
  deviceAuthorizationByClient: {
    points: 6_000,
    windowSeconds: minutesToSeconds(15),
    per: "client",
    counts: "device authorizations that a confidential client asked for",
  },
  /** By a client that anybody may say to be. Each is kept until it is answered or has expired. */
  pushedRequestByAddress: {
    points: 300,
    windowSeconds: minutesToSeconds(15),
    per: "address",
    counts: "authorization requests that public clients sent ahead",
  },
  /** By a client that has proved who it is: for all its people. */
  pushedRequestByClient: {
    points: 6_000,
    windowSeconds: minutesToSeconds(15),
    per: "client",
    counts: "authorization requests that a confidential client sent ahead",
  },
} as const satisfies Record<string, RateLimit>;

export type RateLimitName = keyof typeof RATE_LIMITS;
