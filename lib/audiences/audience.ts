import type { Algorithm } from "@/lib/keys/algorithms";
import type { Listing, Page } from "@/lib/sessions/session-store";
import { PROFILES, type ProfileName } from "@/lib/tokens/profiles";
import type { EncryptionKey } from "./encryption-key";

/** What an audience may pick; `monolith` and `native` have no verifier but Latchkey itself. */
export type AudienceProfile = Exclude<ProfileName, "monolith" | "native">;

export const AUDIENCE_PROFILES = Object.keys(PROFILES).filter(
  (name): name is AudienceProfile => name !== "monolith" && name !== "native",
);

/** A service that accepts our tokens. */
export interface Audience {
  /** The `aud` of its tokens. */
  identifier: string;
  /** Profile and algorithm are for life: a verifier is set up for them. */
  profile: AudienceProfile;
  algorithm: Algorithm;
  lifetimeSeconds: number;
  /** What the tokens that a signed-in page asks for may be used for (RFC 6749 section 3.3). */
  scope: string | null;
  /** Where the profile encrypts, one of these: the key itself, or where the audience publishes it. */
  encryptionKey: EncryptionKey | null;
  jwksUri: string | null;
  /** Whether a token was made that reads the revocation feed. */
  hasFeedToken: boolean;
  createdAt: Date;
  updatedAt: Date;
}

export type AudienceChange = Partial<
  Pick<Audience, "lifetimeSeconds" | "scope" | "encryptionKey" | "jwksUri">
>;

export interface AudienceStore {
  find(identifier: string): Promise<Audience | null>;
  /** In the order of their identifiers. */
  list(page: Page): Promise<Listing<Audience>>;
  /** False when the identifier is taken; of two callers one wins. */
  insert(audience: Omit<Audience, "hasFeedToken">): Promise<boolean>;
  /** Null when there is none. */
  change(identifier: string, change: AudienceChange, now: Date, seenAt?: Date): Promise<Audience | null>;
  /** False when there was none. */
  remove(identifier: string): Promise<boolean>;
  /** The audience whose last or last but one feed token has this SHA-256. */
  findByFeedTokenHash(hash: Uint8Array<ArrayBuffer>): Promise<Audience | null>;
  /** The former one still works, the one before it no longer. False when there is no such audience. */
  addFeedToken(identifier: string, hash: Uint8Array<ArrayBuffer>): Promise<boolean>;
}
