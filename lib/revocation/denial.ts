/** One token (`jti`), every token of one session (`sid`), or every token that one key signed (`kid`). */
export type DenialKind = "jti" | "sid" | "kid";

/** Something revoked although not yet expired. It disappears after the last token it covers. */
export interface Denial {
  kind: DenialKind;
  value: string;
  expiresAt: Date;
}

/** What a token can be denied by. Never its text, which is malleable. */
export interface Deniable {
  jti: string;
  sid: string;
  kid: string;
}

/** A denial as the store hands it on, with what tells which readers cannot have seen it yet. */
export interface FedDenial extends Denial {
  /** By the database's clock. */
  recordedAt: Date;
  /** The transaction that wrote it. */
  recordedBy: bigint;
}

/** How far a reader of the denials has got: valid wherever the same database is read. */
export interface DenialCursor {
  /** Names the database. Whatever takes back what was written, a restored copy or an emptied table, changes it. */
  database: string;
  /** The oldest transaction that still ran, whose denials could not be seen. */
  oldestRunning: bigint;
  /** By the database's clock. */
  readAt: Date;
}

export interface DenialReading {
  denials: FedDenial[];
  /** Whether these are all there are. */
  isComplete: boolean;
  cursor: DenialCursor;
}

/** The durable denylist: the truth that every copy is made from. */
export interface DenialStore {
  /** Writes the denial, or moves the expiry of one already there later. */
  deny(denial: Denial): Promise<void>;
  /** Whether any unexpired denial covers the token. */
  covers(token: Deniable, now: Date): Promise<boolean>;
  /**
   * Every unexpired denial that became visible after `cursor`; each at least once. Reads all for null, and for a cursor
   * that cannot be of this database as it is now.
   */
  readSince(cursor: DenialCursor | null, now: Date): Promise<DenialReading>;
}
