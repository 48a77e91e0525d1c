import type { AuditLog } from "@/lib/audit/events";
import type { SessionStore } from "@/lib/sessions/session-store";
import type { ClientStore } from "./client";

/** What a person has let a client do, so as not to be asked again. */
export interface Consent {
  userId: string;
  clientId: string;
  audience: string;
  scope: string;
  grantedAt: Date;
}

/** What a client may do at one service. */
export type Permission = Pick<Consent, "audience" | "scope">;

export interface ConsentStore {
  /** What the person has allowed, which nobody changes or withdraws before the transaction is over. */
  hold(userId: string, clientId: string, audience: string): Promise<Consent | null>;
  listOfUser(userId: string): Promise<Consent[]>;
  /** With all words that were allowed before for the same client and audience. */
  add(consent: Consent): Promise<void>;
  /** All for this client, of one person or of everyone. */
  withdraw(userId: string | null, clientId: string): Promise<number>;
  /** Some of everyone's for this client, but none that somebody holds: false once there are none left. */
  withdrawSome(clientId: string): Promise<boolean>;
}

/** An authorization code at rest: what its client gets for it, and what it has to prove. */
export interface AuthorizationCode {
  /** SHA-256 of the code. */
  hash: Uint8Array<ArrayBuffer>;
  clientId: string;
  userId: string;
  /** The browser session in which it was given. */
  parentId: string;
  redirectUri: string;
  audience: string;
  scope: string;
  nonce: string | null;
  codeChallenge: string;
  dpopJkt: string | null;
  createdAt: Date;
  expiresAt: Date;
  redeemedAt: Date | null;
  /** The session that it was redeemed for. */
  grantId: string | null;
}

export interface AuthorizationCodeStore {
  insert(code: Omit<AuthorizationCode, "redeemedAt" | "grantId">): Promise<void>;
  find(hash: Uint8Array<ArrayBuffer>): Promise<AuthorizationCode | null>;
  /** Of many callers one wins: true. False when it was redeemed, or has expired. */
  redeem(hash: Uint8Array<ArrayBuffer>, grantId: string, now: Date): Promise<boolean>;
  /** Those of a client, of one person or of everyone, that have not been redeemed. */
  removeUnused(clientId: string, userId: string | null): Promise<void>;
}

/** An authorization request that a client has sent ahead (RFC 9126). */
export interface PushedRequest {
  hash: Uint8Array<ArrayBuffer>;
  clientId: string;
  parameters: Record<string, string>;
  expiresAt: Date;
  /** When its client was sent an answer; it gets no other. */
  answeredAt: Date | null;
}

export interface PushedRequestStore {
  insert(request: Omit<PushedRequest, "answeredAt">): Promise<void>;
  find(hash: Uint8Array<ArrayBuffer>, now: Date): Promise<PushedRequest | null>;
  /** Of many callers one wins: true. False when it was answered, or has expired. */
  answer(hash: Uint8Array<ArrayBuffer>, now: Date): Promise<boolean>;
}

/** A program without a browser that waits for a person to let it in (RFC 8628). */
export interface DeviceAuthorization {
  hash: Uint8Array<ArrayBuffer>;
  userCodeHash: Uint8Array<ArrayBuffer>;
  clientId: string;
  audience: string;
  scope: string;
  ip: string;
  userAgent: string;
  intervalSeconds: number;
  polledAt: Date | null;
  createdAt: Date;
  expiresAt: Date;
  decision: "allowed" | "denied" | null;
  decidedAt: Date | null;
  userId: string | null;
  parentId: string | null;
  redeemedAt: Date | null;
}

export interface DeviceDecision {
  decision: "allowed" | "denied";
  userId: string;
  parentId: string;
}

export interface DeviceAuthorizationStore {
  /** False when the user code is taken. */
  insert(authorization: DeviceAuthorization): Promise<boolean>;
  find(hash: Uint8Array<ArrayBuffer>): Promise<DeviceAuthorization | null>;
  /** One that has neither expired nor been decided. */
  findUndecided(userCodeHash: Uint8Array<ArrayBuffer>, now: Date): Promise<DeviceAuthorization | null>;
  /** Of two callers one wins: true. False when it was decided, or has expired. */
  decide(userCodeHash: Uint8Array<ArrayBuffer>, decision: DeviceDecision, now: Date): Promise<boolean>;
  /** Remembers a poll, from which on the next one has to wait for this long. */
  notePoll(hash: Uint8Array<ArrayBuffer>, intervalSeconds: number, now: Date): Promise<void>;
  /** Of many callers one wins: true. False when it was not allowed, was redeemed, or has expired. */
  redeem(hash: Uint8Array<ArrayBuffer>, now: Date): Promise<boolean>;
  /** Those of a client that have not been redeemed: which one person has answered, or all. */
  removeUnused(clientId: string, userId: string | null): Promise<void>;
}

export interface UsedProofStore {
  /** True for the first of all callers with this hash; false for every other, until it has expired. */
  use(hash: Uint8Array<ArrayBuffer>, expiresAt: Date): Promise<boolean>;
}

/** A client that is yet to hear that somebody is signed out. Written as the grant ends, or the browser session that it goes on after. */
export interface LogoutDelivery {
  id: bigint;
  clientId: string;
  userId: string;
  sessionId: string;
  createdAt: Date;
  attempts: number;
  nextAttemptAt: Date;
  lastProblem: string | null;
}

export interface LogoutDeliveryStore {
  /** Those that are due, each for one caller: nobody else gets it before `heldUntil`. None of some clients. */
  take(
    limit: number,
    now: Date,
    heldUntil: Date,
    exceptClientIds?: readonly string[],
  ): Promise<LogoutDelivery[]>;
  /** Delivered, or given up. */
  remove(id: bigint): Promise<void>;
  postpone(id: bigint, nextAttemptAt: Date, problem: string): Promise<void>;
  /** Of one client, the oldest first. */
  listOfClient(clientId: string, limit: number): Promise<LogoutDelivery[]>;
}

/** What OAuth is written to, all of it or nothing. */
export interface OAuthStores {
  clients: ClientStore;
  consents: ConsentStore;
  authorizationCodes: AuthorizationCodeStore;
  pushedRequests: PushedRequestStore;
  deviceAuthorizations: DeviceAuthorizationStore;
  usedProofs: UsedProofStore;
  logoutDeliveries: LogoutDeliveryStore;
  sessions: SessionStore;
  audit: AuditLog;
}
