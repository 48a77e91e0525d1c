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
  | "expired";

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
}

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
