import type { AuditEventType, Client } from "@/lib/audit/events";
import type { Denial } from "@/lib/revocation/denial";
import type { Session, SessionEndReason, SessionState, SessionWithUser } from "./session";

/** A generation of a session, as its refresh token proves it. */
export interface ProvenGeneration {
  sessionId: string;
  secretHash: Uint8Array<ArrayBuffer>;
  generation: number;
  /** Who presents it: a client, or a browser of ours. */
  clientId: string | null;
}

export interface Rotation {
  now: Date;
  idleSeconds: number;
  client: Client;
}

/** Live sessions that one statement ends. */
export type NamedSelection =
  | { kind: "ids"; ids: readonly string[]; ownedBy: string | null }
  | { kind: "user"; userId: string; exceptId: string | null };

/** Which live sessions to end. */
export type SessionSelection =
  | NamedSelection
  | { kind: "all"; exceptId: string | null }
  /** What one person, or everyone, has let a client do. */
  | { kind: "grants"; clientId: string; userId: string | null };

export interface SessionEnding {
  now: Date;
  reason: SessionEndReason;
  /** When the last access token of a session that ends now has expired. */
  denyUntil: Date;
  /** Whether the clients of grants that end hear of it (OpenID Connect Back-Channel Logout 1.0). */
  isTold: boolean;
  /** A session not seen since then has no access token left to deny. */
  quietSince: Date;
  event: {
    type: Extract<
      AuditEventType,
      "session.ended" | "refresh_token.reuse_detected" | "authorization_code.replayed"
    >;
    actorId: string | null;
    client: Client | null;
    details: Record<string, string | number | boolean | null>;
  };
}

/** What ended, and what must now be denied for it. */
export interface EndedSessions {
  endedIds: string[];
  denials: Denial[];
}

export interface Page {
  limit: number;
  cursor: string | null;
}

export interface SessionFilter {
  /** Part of an e-mail address or name, or the start of an IP address, in any case. */
  query: string | null;
  userId: string | null;
  /** `expired` finds what the cleanup has ended: a session is listed so within a minute after it expired. */
  state: SessionState | null;
  /** The grants of this client alone. */
  clientId: string | null;
}

export interface SessionsOf extends Pick<SessionFilter, "userId" | "clientId"> {
  /** But for this one, and the grants that end with it alone. */
  exceptId?: string | null;
}

/** Sessions at rest, grants among them. Each method happens whole or not at all. */
export interface SessionStore {
  insert(session: Session): Promise<void>;
  /**
   * Compare and set: moves a live session from exactly this generation to the next and returns it, or returns null
   * and changes nothing. Of two callers with one generation, one wins.
   */
  rotate(proven: ProvenGeneration, rotation: Rotation): Promise<SessionWithUser | null>;
  find(id: string): Promise<SessionWithUser | null>;
  /** Marks the generation as seen in use. False when it was already, or is no longer the current one. */
  acknowledge(sessionId: string, generation: number, now: Date): Promise<boolean>;
  /** Remembers that this generation was issued again. False when it is no longer the current one of a live session. */
  markRecovered(sessionId: string, generation: number, now: Date): Promise<boolean>;
  /** Of what a client got in one browser session and ends with it: those that go on, but for the newest so many. */
  listOnlineGrants(parentId: string, clientId: string, newest: number): Promise<string[]>;
  /**
   * Hands what was let in, or is about to be, during one of the person's browser sessions over to another one. Nothing of a
   * session that may not go on: what it let in ended with it, and what waits there may be a thief's.
   */
  adoptGrants(userId: string, fromId: string, toId: string, now: Date): Promise<void>;
  /**
   * Ends the selected live sessions with the grants that end with them, those that are being given meanwhile included:
   * denies their access tokens, has their clients told, and records an event for each, all or nothing.
   */
  end(selection: NamedSelection, ending: SessionEnding): Promise<EndedSessions>;
  /** The session, as long as it may go on; it does not end before the transaction is over. */
  holdLive(id: string, now: Date): Promise<SessionWithUser | null>;
  /** The person's browsers. From the newest to the oldest, as every list. */
  listLiveOfUser(userId: string, page: Page, now: Date): Promise<Listing<Session>>;
  /** What the person has let clients do, the newest first: at most so many. */
  listLiveGrants(userId: string, limit: number, now: Date): Promise<Session[]>;
  /** Of one person or of everyone, of one client or of all and of every browser. */
  listLiveIds(whose: SessionsOf, page: Page, now: Date): Promise<Listing<string>>;
  /** The addresses of the person's newest browsers, whether their sessions live or not. */
  recentAddresses(userId: string): Promise<string[]>;
  search(filter: SessionFilter, page: Page, now: Date): Promise<Listing<SessionWithUser>>;
}

export interface Listing<Item> {
  items: Item[];
  nextCursor: string | null;
}
