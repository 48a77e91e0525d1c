import type { Role, SessionUser } from "@/lib/sessions/session";
import type { Listing, Page } from "@/lib/sessions/session-store";

export interface User extends SessionUser {
  /** Null: invited, and no password chosen yet. */
  passwordHash: string | null;
  passwordChangedAt: Date | null;
}

export interface NewUser {
  id: string;
  email: string;
  name: string | null;
  role: Role;
  passwordHash: string | null;
  createdAt: Date;
}

export interface UserFilter {
  /** Part of an e-mail address or name. */
  query: string | null;
}

export interface UserStore {
  findByEmail(email: string): Promise<User | null>;
  find(id: string): Promise<User | null>;
  /** Whether nobody exists. */
  isEmpty(): Promise<boolean>;
  /** Inserts, or returns null when the address is taken; of two callers with one address, one wins. */
  insert(user: NewUser): Promise<User | null>;
  /** Inserts the first person of all, or returns null when there is one already; of two callers one wins. */
  insertFirst(user: NewUser): Promise<User | null>;
  /**
   * The person as they are now, if they are active and have exactly this password, or null. Within a transaction it
   * stays so until the end: whoever would change them waits.
   */
  lockUnchanged(id: string, passwordHash: string | null): Promise<User | null>;
  setPassword(id: string, passwordHash: string, now: Date): Promise<void>;
  setName(id: string, name: string | null): Promise<void>;
  /**
   * Changes role or status and returns the person before and after, or null when there is no such person.
   * Throws `last_administrator` when no active administrator would be left; of two callers who would together
   * leave none, one is refused.
   */
  change(id: string, change: UserChange): Promise<{ before: User; after: User } | null>;
  list(filter: UserFilter, page: Page): Promise<Listing<User>>;
}

export interface UserChange {
  role?: Role | undefined;
  status?: User["status"] | undefined;
}

export type LinkPurpose = "setup" | "invitation" | "password_reset";

export interface OneTimeLink {
  id: string;
  purpose: LinkPurpose;
  tokenHash: Uint8Array<ArrayBuffer>;
  /** Null for `setup` alone. */
  userId: string | null;
  createdAt: Date;
  expiresAt: Date;
}

export interface OneTimeLinkStore {
  /**
   * Inserts, and makes every older link of that person, or of set-up, useless. Within a transaction: of two callers
   * the later one's link is the only one that works.
   */
  replace(link: OneTimeLink): Promise<void>;
  /** The link if it still works, or null. Changes nothing. */
  findUsable(tokenHash: Uint8Array<ArrayBuffer>, now: Date): Promise<OneTimeLink | null>;
  /** Makes every link of that person useless. */
  withdrawAll(userId: string, now: Date): Promise<void>;
  /** Takes the link if it still works, or returns null; two callers never both get it. */
  consume(tokenHash: Uint8Array<ArrayBuffer>, now: Date): Promise<OneTimeLink | null>;
}
