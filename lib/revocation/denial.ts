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

/** A denial as a feed delivers it. */
export interface FedDenial extends Denial {
  /** How long ago it was recorded, by the database's clock. */
  ageSeconds: number;
}

/** Where a reader of the denials has got to. Opaque: only the store that made it reads it. */
export type DenialCursor = string;

/** The durable denylist: the truth that every copy is made from. */
export interface DenialStore {
  /** Writes the denial, or moves the expiry of one already there later. */
  deny(denial: Denial): Promise<void>;
  /** Whether any unexpired denial covers the token. */
  covers(token: Deniable, now: Date): Promise<boolean>;
  /** Every unexpired denial that became visible after `cursor`; each at least once. Null reads all. */
  readSince(cursor: DenialCursor | null, now: Date): Promise<{ denials: FedDenial[]; cursor: DenialCursor }>;
}
