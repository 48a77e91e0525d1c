/** One token (`jti`), or every token of one session (`sid`). */
export type DenialKind = "jti" | "sid";

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
}

/** The durable denylist. */
export interface DenialStore {
  /** Writes the denial, or moves the expiry of one already there later. */
  deny(denial: Denial): Promise<void>;
  /** Whether any unexpired denial covers the token. */
  covers(token: Deniable, now: Date): Promise<boolean>;
  /** Every unexpired denial that became visible after `cursor`; each at least once. Null reads all. */
  readSince(cursor: Date | null, now: Date): Promise<{ denials: Denial[]; cursor: Date }>;
  /** Deletes what expired before `now`; says how many rows went. */
  deleteExpired(now: Date): Promise<number>;
}
