import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { mayContinue, type SessionWithUser } from "@/lib/sessions/session";
import { OWN_CLIENT_ID } from "@/lib/tokens/claims";
import { type IssuedAccessToken, issueServiceToken, type ServiceSubject } from "@/lib/tokens/issue";
import { PROFILES } from "@/lib/tokens/profiles";
import type { Audience } from "./audience";
import type { AudienceDependencies } from "./dependencies";

/**
 * A token with which whoever is signed in by this session is known to a service. It never outlives the session, and
 * ends with it. Throws `invalid_request` for an audience that there is not, `not_authenticated` for a session that is
 * over. Writes nothing.
 */
export async function issueForAudience(
  deps: AudienceDependencies,
  sessionId: string,
  identifier: string,
): Promise<IssuedAccessToken> {
  const audience = await requireAudience(deps, identifier);
  const { user, ...session } = await requireSession(deps, sessionId);
  const subject = {
    subject: user.id,
    clientId: OWN_CLIENT_ID,
    sessionId,
    authenticatedAt: session.authenticatedAt,
    sessionExpiresAt: session.idleExpiresAt,
    role: user.role,
    jkt: null,
  };
  return issueToAudience(deps, audience, subject, audience.scope);
}

/** A token for a service as its audience has it made, and for whom else it may be shown to. Writes nothing. */
export async function issueToAudience(
  deps: AudienceDependencies,
  audience: Audience,
  subject: ServiceSubject,
  scope: string | null,
  others: readonly string[] = [],
): Promise<IssuedAccessToken> {
  const { identifier, profile: profileName, lifetimeSeconds } = audience;
  const profile = PROFILES[profileName];
  const [signer, recipient] = await Promise.all([
    deps.findSigner(audience),
    profile.encryption === null ? null : deps.recipientKeys.find(audience),
  ]);
  const to = others.length === 0 ? identifier : [identifier, ...others];
  const target = { audience: to, profile, lifetimeSeconds, scope };
  return issueServiceToken(subject, deps.issuer, target, signer, recipient, deps.clock.now());
}

async function requireAudience({ store }: AudienceDependencies, identifier: string): Promise<Audience> {
  const audience = await store.find(identifier);
  if (audience !== null) return audience;
  throw new LatchkeyError("invalid_request", { fields: { audience: "There is no such audience." } });
}

/** As the database has it: what has just been ended elsewhere gets no new token. */
async function requireSession(
  { sessions, clock }: AudienceDependencies,
  sessionId: string,
): Promise<SessionWithUser> {
  const session = await sessions.find(sessionId);
  if (session !== null && mayContinue(session, clock.now())) return session;
  throw new LatchkeyError("not_authenticated");
}
