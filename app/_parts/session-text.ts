import type { SessionEndReason } from "@/lib/sessions/session";

/** What ending sessions came to. */
export function endedText(count: number): string {
  if (count === 0) return "There was nothing to end any more.";
  return count === 1 ? "One session is ended." : `${count} sessions are ended.`;
}

export const END_REASON_TEXT: Record<SessionEndReason, string> = {
  logout: "Signed out",
  replaced: "Signed in again",
  revoked_by_user: "Ended by the person",
  revoked_by_admin: "Ended by an administrator",
  password_changed: "Password changed",
  role_changed: "Role changed",
  account_disabled: "Account disabled",
  refresh_token_reuse: "Copied token used",
  authorization_code_reuse: "Copied authorization code used",
  revoked_by_client: "Ended by the app",
  expired: "Expired",
};
