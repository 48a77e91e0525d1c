import type { AuditEventType, Client } from "@/lib/audit/events";
import type { Denial } from "@/lib/revocation/denial";
import type { Session, SessionEndReason, SessionState, SessionWithUser } from "./session";

/** A generation of a session, as its refresh token proves it. */
export interface ProvenGeneration {
  sessionId: string;
  secretHash: Uint8Array<ArrayBuffer>;
  generation: number;
}

export interface Rotation {
  now: Date;
  idleSeconds: number;
  client: Client;
}

/** Which live sessions to end. */
export type SessionSelection =
  | { kind: "ids"; ids: readonly string[]; ownedBy: string | null }
  | { kind: "user"; userId: string; exceptId: string | null }
  | { kind: "all"; exceptId: string | null };

export interface SessionEnding {
  now: Date;
  reason: SessionEndReason;
  /** When the last access token of a session that ends now has expired. */
  denyUntil: Date;
  /** A session not seen since then has no access token left to deny. */
  quietSince: Date;
  event: {
    type: Extract<AuditEventType, "session.ended" | "refresh_token.reuse_detected">;
    actorId: string | null;
    client: Client | null;
    details: Record<string, string | number | boolean | null>;
  };
}

export interface Page {
  /** 1 to 200. */
  limit: number;
  cursor: string | null;
}

export interface SessionFilter {
  /** Part of an e-mail address or name, or the start of an address. */
  query: string | null;
  userId: string | null;
  state: SessionState | null;
}

/** Sessions at rest. Each method is one statement: it happens whole or not at all. */
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
  /** Ends the selected live sessions, denies their access tokens and records an event for each, all or nothing. */
  end(selection: SessionSelection, ending: SessionEnding): Promise<{ endedIds: string[]; denials: Denial[] }>;
  listLiveOfUser(userId: string, page: Page, now: Date): Promise<Listing<Session>>;
  /** The addresses of the person's newest sessions, whether they live or not. */
  recentAddresses(userId: string): Promise<string[]>;
  search(filter: SessionFilter, page: Page, now: Date): Promise<Listing<SessionWithUser>>;
}

export interface Listing<Item> {
  items: Item[];
  nextCursor: string | null;
}
