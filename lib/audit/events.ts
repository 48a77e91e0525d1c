/** The closed list of what is recorded: `noun.past_participle`. */
export const AUDIT_EVENT_TYPES = [
  "user.created",
  "user.signed_up",
  "user.enabled",
  "user.disabled",
  "user.role_changed",
  "user.name_changed",
  "sign_in.failed",
  "sign_in.limited",
  "session.started",
  "session.ended",
  "refresh_token.recovered",
  "refresh_token.reuse_detected",
  "access_token.denied",
  "access_token.forged",
  "access_token.algorithm_confused",
  "password.changed",
  "one_time_link.created",
  "one_time_link.consumed",
  "signing_key.staged",
  "signing_key.rotation_requested",
  "signing_key.activated",
  "signing_key.stopped",
  "signing_key.retired",
  "signing_key.revoked",
  "signing_key.rewrapped",
  "audience.created",
  "audience.changed",
  "audience.removed",
  "audience.feed_token_made",
  "client.created",
  "client.changed",
  "client.removed",
  "client.secret_added",
  "client.secret_ended",
  "client.tokens_revoked",
  "consent.granted",
  "consent.withdrawn",
  "authorization_code.replayed",
  "device_authorization.allowed",
  "device_authorization.denied",
  "logout_delivery.abandoned",
] as const;

export type AuditEventType = (typeof AUDIT_EVENT_TYPES)[number];

/** Who sent a request, as far as it can be known. */
export interface Client {
  ip: string;
  /** At most 512 characters. */
  userAgent: string;
}

export interface AuditEvent {
  at: Date;
  type: AuditEventType;
  /** Who did it; null when nobody is signed in, or the command line did. */
  actorId: string | null;
  /** Whom it concerns. */
  userId: string | null;
  sessionId: string | null;
  client: Client | null;
  /** Never a secret. */
  details: Record<string, string | number | boolean | null>;
}

/** Appends; an event is never changed or deleted. */
export interface AuditLog {
  record(event: AuditEvent): Promise<void>;
}
