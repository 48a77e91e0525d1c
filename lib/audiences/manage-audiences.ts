import { type Actor, doneBy } from "@/lib/audit/actor";
import type { AuditEvent, AuditEventType } from "@/lib/audit/events";
import { sha256 } from "@/lib/crypto/derive-key";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { activateSecret, endSecrets, generateSecret, takeSecret } from "@/lib/keys/audience-secrets";
import { advanceKeys } from "@/lib/keys/rotation";
import { PROFILES } from "@/lib/tokens/profiles";
import type { Audience } from "./audience";
import { type AudienceChangeInput, type NewAudienceInput, toAudience, toChange } from "./audience-input";
import type { AudienceDependencies } from "./dependencies";
import { thumbprint } from "./encryption-key";
import { newFeedToken } from "./feed-token";

/** What is told once and never again. */
export interface CreatedAudience {
  audience: Audience;
  /** With which the service reads the revocation feed. */
  feedToken: string;
  /** Of an audience with a secret of its own; null for any other. */
  secret: { kid: string; secret: string } | null;
}

/**
 * Keeps a new audience, with a key that signs for it. Throws `invalid_request` for what does not fit together and for a
 * JWKS that cannot be had, and `audience_taken`.
 */
export async function createAudience(
  deps: AudienceDependencies,
  input: NewAudienceInput,
  actor: Actor,
): Promise<CreatedAudience> {
  const audience = toAudience(input, deps.issuer, deps.clock.now());
  await requireRecipient(deps, audience);
  const feedToken = newFeedToken();
  const made = hasSecrets(audience) ? await generateSecret(deps.keys, audience.identifier) : null;
  await deps.keys.atomically(async (stores) => {
    if (!(await stores.audiences.insert(audience))) throw new LatchkeyError("audience_taken");
    await stores.audiences.addFeedToken(audience.identifier, sha256(feedToken));
    await stores.audit.record(audienceEvent(deps, "audience.created", audience, actor));
    if (made !== null) await takeSecret(deps.keys, stores, made, actor);
  });
  await openKeysOf(deps);
  const secret = made === null ? null : { kid: made.key.kid, secret: made.secret };
  return { audience: { ...audience, hasFeedToken: true }, feedToken, secret };
}

/** Throws `not_found`, and `invalid_request` for what does not fit this audience. */
export async function changeAudience(
  deps: AudienceDependencies,
  identifier: string,
  input: AudienceChangeInput,
  actor: Actor,
  seenAt?: Date,
): Promise<Audience> {
  const found = await deps.store.find(identifier);
  if (found === null) throw new LatchkeyError("not_found");
  const change = toChange(found, input);
  if (typeof change.jwksUri === "string") {
    const asked = requireRecipient(deps, { jwksUri: change.jwksUri });
    // The same address is asked at once, and a service that is away keeps nothing else from being changed.
    await (change.jwksUri === found.jwksUri ? asked.catch(() => undefined) : asked);
  }
  return deps.keys.atomically(async (stores) => {
    const changed = await stores.audiences.change(identifier, change, deps.clock.now(), seenAt);
    if (changed === null) throw new LatchkeyError(seenAt ? "changed_meanwhile" : "not_found");
    await stores.audit.record(audienceEvent(deps, "audience.changed", changed, actor));
    return changed;
  });
}

/**
 * Its secrets are erased, and its feed tokens: a service that reads the revocation feed refuses everybody once its bound
 * is over. Any other accepts a token that it has been issued until it expires. Throws `not_found`.
 */
export async function removeAudience(
  deps: AudienceDependencies,
  identifier: string,
  actor: Actor,
): Promise<void> {
  await deps.keys.atomically(async (stores) => {
    const found = await stores.audiences.find(identifier);
    if (found === null || !(await stores.audiences.remove(identifier))) throw new LatchkeyError("not_found");
    await endSecrets(stores, identifier);
    await stores.audit.record(audienceEvent(deps, "audience.removed", found, actor));
  });
  await openKeysOf(deps);
}

/**
 * A new secret, told once; it signs at once where the audience has none, else when it is activated. Throws `not_found`
 * for what is no audience with secrets, and `secret_waiting` where one is waiting.
 */
export async function addAudienceSecret(
  { keys }: AudienceDependencies,
  identifier: string,
  actor: Actor,
): Promise<{ kid: string; secret: string; signs: boolean }> {
  const generated = await generateSecret(keys, identifier);
  const signs = await keys.atomically(async (stores) => {
    const isSigning = await takeSecret(keys, stores, generated, actor);
    // Under the lock of the keys, as it is removed: no secret is left behind.
    const audience = await stores.audiences.find(identifier);
    if (audience === null || !hasSecrets(audience)) throw new LatchkeyError("not_found");
    return isSigning;
  });
  await keys.keyring.load().catch(() => undefined);
  return { kid: generated.key.kid, secret: generated.secret, signs };
}

/**
 * The secret that waits signs from now on; the former one is accepted until nothing is left that it signed. Throws
 * `not_found` where none waits.
 */
export const activateAudienceSecret = (
  { keys }: AudienceDependencies,
  identifier: string,
  actor: Actor,
): Promise<{ kid: string }> => activateSecret(keys, identifier, actor);

/** A new token for the revocation feed, told once; the former one works until the next is made. Throws `not_found`. */
export async function makeFeedToken(
  deps: AudienceDependencies,
  identifier: string,
  actor: Actor,
): Promise<string> {
  const feedToken = newFeedToken();
  await deps.keys.atomically(async (stores) => {
    const found = await stores.audiences.find(identifier);
    if (found === null) throw new LatchkeyError("not_found");
    await stores.audiences.addFeedToken(identifier, sha256(feedToken));
    await stores.audit.record(audienceEvent(deps, "audience.feed_token_made", found, actor));
  });
  return feedToken;
}

const hasSecrets = ({ profile }: Pick<Audience, "profile">): boolean =>
  PROFILES[profile].keySource === "audience";

/** Whoever types an address learns at once that nothing usable is there. */
async function requireRecipient(
  { recipientKeys }: AudienceDependencies,
  { jwksUri }: Pick<Audience, "jwksUri">,
): Promise<void> {
  if (jwksUri !== null) await recipientKeys.check(jwksUri);
}

/**
 * What a new audience or client needs is there before anybody asks for its token; what nobody needs any more goes in time. Where
 * that cannot be now, whoever looks at the keys next tries again: what has been kept by then is not a failure, and what
 * is told once must not be lost over it.
 */
export async function openKeysOf({ keys }: Pick<AudienceDependencies, "keys">): Promise<void> {
  try {
    await keys.keyring.load();
    await advanceKeys(keys);
  } catch {
    // The keyring reports its own problems.
  }
}

/** By the thumbprint it is known who can read the tokens: a `kid` is chosen. Of a published key the address is all there is. */
const audienceEvent = (
  { clock }: AudienceDependencies,
  type: AuditEventType,
  {
    identifier,
    profile,
    algorithm,
    lifetimeSeconds,
    scope,
    encryptionKey,
    jwksUri,
  }: Omit<Audience, "hasFeedToken">,
  actor: Actor,
): AuditEvent => ({
  at: clock.now(),
  type,
  userId: null,
  ...doneBy(actor),
  details: {
    audience: identifier,
    profile,
    algorithm,
    lifetimeSeconds,
    scope,
    encryptionKeyThumbprint: encryptionKey && thumbprint(encryptionKey.jwk),
    jwksUri,
  },
});
