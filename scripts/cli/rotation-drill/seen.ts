/** A JWKS as anybody got it. */
export interface SeenDocument {
  askedAt: Date;
  /** When it had come. */
  at: Date;
  kids: readonly string[];
  /** Null where it did not say. */
  maxAgeSeconds: number | null;
  /** For how long a cache on the way had kept it already. */
  ageSeconds: number;
}

export interface AnnouncedRotation {
  requestedAt: Date;
  /** The key that signed until then. */
  formerKid: string;
  /** The key that will sign, since when it has been published, and from when it signs. */
  kid: string;
  stagedAt: Date;
  signsFrom: Date;
}

/** The tokens of the former key that were good when the new one began to sign. */
export interface FormerTokens {
  held: number;
  /** Of those: followed until they expired. */
  outlived: number;
  /** How often they were verified since, and refused. */
  verified: number;
  failed: number;
}

/** All that a drill has seen so far. Every instant is by the database's clock. */
export interface Seen {
  startedAt: Date;
  /** Of the last round. */
  now: Date;
  rotation: AnnouncedRotation | null;
  /** When the first token of the announced key came. */
  switchedAt: Date | null;
  documents: SeenDocument[];
  tokens: number;
  /** Verifications that went well, and those that did not. */
  verified: number;
  failed: number;
  firstFailure: string | null;
  /** Of those that failed: the verifier's JWKS did not have the key. */
  unknownKids: number;
  formerTokens: FormerTokens;
  isSignedOut: boolean;
  requests: number;
  requestFailures: number;
  firstRequestFailure: string | null;
}

export const nothingSeen = (now: Date): Seen => ({
  startedAt: now,
  now,
  rotation: null,
  switchedAt: null,
  documents: [],
  tokens: 0,
  verified: 0,
  failed: 0,
  firstFailure: null,
  unknownKids: 0,
  formerTokens: { held: 0, outlived: 0, verified: 0, failed: 0 },
  isSignedOut: false,
  requests: 0,
  requestFailures: 0,
  firstRequestFailure: null,
});
