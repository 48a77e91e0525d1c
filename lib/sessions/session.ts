import type { Role } from "@/lib/tokens/claims";

export type { Role };

export type SessionEndReason =
  | "logout"
  | "replaced"
  | "revoked_by_user"
  | "revoked_by_admin"
  | "password_changed"
  | "role_changed"
  | "account_disabled"
  | "refresh_token_reuse"
  | "authorization_code_reuse"
  | "revoked_by_client"
  | "expired";

/** What a person has let a client do: a session of its own, which is no browser's of ours (docs/decisions/016). */
export interface Grant {
  clientId: string;
  /** The browser session in which it was given; null once that is no longer kept. */
  parentId: string | null;
  /** The service that its tokens are for. */
  audience: string;
  scope: string;
  /** Whether it has a refresh token, and goes on after its browser has signed out. */
  isOffline: boolean;
  /** The thumbprint of the key that its refresh token is bound to (RFC 9449 section 5). */
  dpopJkt: string | null;
}

/** One signed-in browser or device. */
export interface Session {
  id: string;
  userId: string;
  /** SHA-256 of the secret that only the session's refresh token carries. */
  secretHash: Uint8Array<ArrayBuffer>;
  /** Of the current refresh token; goes up by one at each rotation. */
  generation: number;
  rotatedAt: Date;
  /** The newest generation whose access token has been presented. */
  acknowledgedGeneration: number;
  acknowledgedAt: Date;
  /** The generation that was last issued again because its response was lost. */
  recoveredGeneration: number | null;
  authenticatedAt: Date;
  createdAt: Date;
  lastSeenAt: Date;
  idleExpiresAt: Date;
  expiresAt: Date;
  endedAt: Date | null;
  endReason: SessionEndReason | null;
  ip: string;
  userAgent: string;
  /** Null: a browser that signed in to our own pages. */
  grant: Grant | null;
}

/** The client that holds the session's tokens; null: a browser of ours. */
export const clientIdOf = ({ grant }: Pick<Session, "grant">): string | null => grant?.clientId ?? null;

/** Of a browser session: who signs out, or signs in anew, leaves alone what is to go on without him. */
const LEAVES_OFFLINE_GRANTS: ReadonlySet<SessionEndReason> = new Set(["logout", "replaced", "expired"]);

/** Whether a browser session that ends for this reason takes its offline grants with it. The others end in any case. */
export const endsOfflineGrants = (reason: SessionEndReason): boolean => !LEAVES_OFFLINE_GRANTS.has(reason);

/** What a token, a page or a list says of a session's person. */
export interface SessionUser {
  id: string;
  email: string;
  name: string | null;
  role: Role;
  status: "active" | "disabled";
  createdAt: Date;
}

/** The person without what only signing in needs. */
export const toSessionUser = ({ id, email, name, role, status, createdAt }: SessionUser): SessionUser => ({
  id,
  email,
  name,
  role,
  status,
  createdAt,
});

export interface SessionWithUser extends Session {
  user: SessionUser;
}

export type SessionState = "live" | "ended" | "expired";

export function sessionState(
  session: Pick<Session, "endedAt" | "endReason" | "idleExpiresAt" | "expiresAt">,
  now: Date,
): SessionState {
  if (session.endedAt !== null) return session.endReason === "expired" ? "expired" : "ended";
  return session.idleExpiresAt <= now || session.expiresAt <= now ? "expired" : "live";
}

/** Whether the session may go on: live, and its person not disabled. */
export const mayContinue = (session: SessionWithUser, now: Date): boolean =>
  sessionState(session, now) === "live" && session.user.status === "active";
