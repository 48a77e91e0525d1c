import type { Audience } from "@/lib/audiences/audience";
import { issueToAudience } from "@/lib/audiences/issue-for-audience";
import { type IssuedAccessToken, issueServiceToken, type ServiceSubject } from "@/lib/tokens/issue";
import { PROFILES } from "@/lib/tokens/profiles";
import { type Client, OPENID } from "./client";
import type { OAuthDependencies } from "./dependencies";
import { OAuthError } from "./oauth-error";
import { wordsOf } from "./scope";
import { userinfoAudience } from "./userinfo-audience";

/** Whom a client's token is about. What a client has never says the person's role: the scope is all that it may do. */
export type ClientTokenSubject = Omit<ServiceSubject, "clientId" | "role">;

/**
 * An access token of a client (RFC 9068) for one of its audiences, made as that audience's profile has it, or for
 * Latchkey's own userinfo. With the scope `openid` it is for userinfo as well, where that could check it: `aud` says so.
 * Throws `invalid_target` for an audience that is no longer there, and where a token that is bound to a key could not be
 * checked. Writes nothing.
 */
export async function issueClientToken(
  deps: OAuthDependencies,
  client: Pick<Client, "id" | "algorithm">,
  identifier: string,
  subject: ClientTokenSubject,
  scope: string,
): Promise<IssuedAccessToken> {
  const about: ServiceSubject = { ...subject, clientId: client.id, role: null };
  const said = scope === "" ? null : scope;
  if (identifier === userinfoAudience(deps.issuer)) return issueForUserinfo(deps, client, about, said);
  const audience = await requireAudience(deps, identifier, about.jkt);
  return issueToAudience(deps.audiences, audience, about, said, alsoFor(deps, audience, scope));
}

/** Whoever knows a shared secret alone cannot check a proof. */
export const takesBoundTokens = ({ profile }: Pick<Audience, "profile">): boolean =>
  PROFILES[profile].keySource !== "audience";

/** Userinfo takes what the published keys have signed: whoever has a secret of its own could write anything. */
function alsoFor({ issuer }: OAuthDependencies, { profile }: Audience, scope: string): string[] {
  const { keySource, encryption } = PROFILES[profile];
  const isReadable = keySource === "published" && encryption === null;
  return isReadable && wordsOf(scope).includes(OPENID) ? [userinfoAudience(issuer)] : [];
}

/**
 * Rejects where `issueClientToken`, or the ID token beside it, would: before anything is written for an answer that cannot
 * be given. Throws `invalid_target`.
 */
export async function requireIssuable(
  deps: OAuthDependencies,
  { algorithm }: Pick<Client, "algorithm">,
  { audience: identifier, scope, jkt }: { audience: string; scope: string; jkt: string | null },
): Promise<void> {
  const isUserinfos = identifier === userinfoAudience(deps.issuer);
  if (isUserinfos || wordsOf(scope).includes(OPENID)) await deps.findSigner(algorithm);
  if (isUserinfos) return;
  const audience = await requireAudience(deps, identifier, jkt);
  await deps.audiences.findSigner(audience);
  if (PROFILES[audience.profile].encryption !== null) await deps.audiences.recipientKeys.find(audience);
}

async function requireAudience(
  { audiences }: OAuthDependencies,
  identifier: string,
  jkt: string | null,
): Promise<Audience> {
  const audience = await audiences.store.find(identifier);
  if (audience === null) throw new OAuthError("invalid_target", "There is no such service any more.");
  if (jkt === null || takesBoundTokens(audience)) return audience;
  throw new OAuthError("invalid_target", "This service cannot check tokens that are bound to a key.");
}

async function issueForUserinfo(
  { issuer, findSigner, clock }: OAuthDependencies,
  { algorithm }: Pick<Client, "algorithm">,
  about: ServiceSubject,
  scope: string | null,
): Promise<IssuedAccessToken> {
  const profile = PROFILES.native;
  const { lifetimeSeconds } = profile;
  const target = { audience: userinfoAudience(issuer), profile, lifetimeSeconds, scope };
  return issueServiceToken(about, issuer, target, await findSigner(algorithm), null, clock.now());
}
