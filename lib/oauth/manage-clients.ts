import type { AudienceStore } from "@/lib/audiences/audience";
import { openKeysOf } from "@/lib/audiences/manage-audiences";
import type { Actor } from "@/lib/audit/actor";
import { sha256 } from "@/lib/crypto/derive-key";
import { randomToken } from "@/lib/crypto/random";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import type { Client } from "./client";
import { clientEvent, termsOf } from "./client-event";
import { type ClientChangeInput, type NewClientInput, toChange, toClient } from "./client-input";
import { requireFitting } from "./client-rules";
import type { OAuthDependencies } from "./dependencies";
import { announce, denyOwnTokens, endGrants, endLateGrants } from "./end-grants";
import { takesBoundTokens } from "./issue-client-token";

/** So that whoever finds one knows what it is. */
const SECRET_PREFIX = "latchkey_secret_";

/**
 * Keeps a new client, with the key that signs for it. Its secret is told this once; null where it authenticates by
 * another method. Throws `invalid_request` for what does not fit together, for an audience that there is not, and for
 * keys that cannot be had from their address.
 */
export async function createClient(
  deps: OAuthDependencies,
  input: NewClientInput,
  actor: Actor,
): Promise<{ client: Client; secret: string | null }> {
  const client = toClient(input, deps.privateHosts, deps.clock.now());
  await requireAudiences(deps, client.audiences);
  await requireBindable(deps.audiences.store, client);
  if (client.jwksUri !== null) await deps.clientKeys.check(client.jwksUri);
  const secret = client.authMethod === "client_secret" ? newSecret() : null;
  await deps.atomically(async (stores) => {
    await stores.clients.insert(client, secret === null ? null : sha256(secret));
    await stores.audit.record(clientEvent(deps, "client.created", client, actor, termsOf(client)));
  });
  await openKeysOf(deps.audiences);
  return { client: { ...client, hasPreviousSecret: false }, secret };
}

/**
 * What it holds by then is not taken back. Throws `not_found`, `invalid_request` for what does not fit this client, and
 * `changed_meanwhile` where it is not as it was at `seenAt`, its last change that the caller knows of.
 */
export async function changeClient(
  deps: OAuthDependencies,
  id: string,
  input: ClientChangeInput,
  actor: Actor,
  seenAt?: Date,
): Promise<Client> {
  const found = await requireClient(deps.stores, id);
  const change = toChange(found, input, deps.privateHosts);
  await requireAudiences(deps, change.audiences ?? []);
  if (typeof change.jwksUri === "string") {
    const asked = deps.clientKeys.check(change.jwksUri);
    // The same address is asked at once, and a client that is away keeps nothing else from being changed.
    await (change.jwksUri === found.jwksUri ? asked.catch(() => undefined) : asked);
  }
  const changed = await deps.atomically(async (stores) => {
    const client = await stores.clients.change(id, change, deps.clock.now(), seenAt);
    if (client === null) throw new LatchkeyError(seenAt ? "changed_meanwhile" : "not_found");
    // As it is now: somebody else may have changed it since it was found.
    requireFitting(client);
    if (input.requiresDpop !== undefined || input.audiences !== undefined) {
      await requireBindable(stores.audiences, client);
    }
    await stores.audit.record(clientEvent(deps, "client.changed", client, actor, termsOf(client)));
    return client;
  });
  await openKeysOf(deps.audiences);
  return changed;
}

/**
 * Everything that it holds is refused at once, and nothing is left of it but the audit log. Should it fail half-way, what people
 * had allowed is forgotten already. Throws `not_found`.
 */
export async function removeClient(deps: OAuthDependencies, id: string, actor: Actor): Promise<void> {
  await requireClient(deps.stores, id);
  await endGrants(deps, id, null, actor);
  // Beforehand, as there may be more of it than one statement can delete in its time.
  while (await deps.stores.clients.clearOut(id));
  while (await deps.stores.consents.withdrawSome(id));
  const ended = await deps.atomically(async (stores) => {
    await withdrawConsents(stores, id);
    const client = await requireClient(stores, id);
    const denial = await denyOwnTokens(deps, stores, id);
    const { endedIds, denials } = await endLateGrants(deps, stores, id, actor);
    await stores.clients.remove(id);
    await stores.audit.record(clientEvent(deps, "client.removed", client, actor));
    return { endedIds, denials: [...denials, denial] };
  });
  await announce(deps, ended);
  await openKeysOf(deps.audiences);
}

/**
 * A new secret, told once; the former one works until the next is made, or until it is ended. Throws `not_found` for
 * what is no client with secrets.
 */
export async function addClientSecret(deps: OAuthDependencies, id: string, actor: Actor): Promise<string> {
  const secret = newSecret();
  await deps.atomically(async (stores) => {
    const client = await requireClient(stores, id);
    if (!(await stores.clients.addSecret(id, sha256(secret), deps.clock.now()))) {
      throw new LatchkeyError("not_found");
    }
    await stores.audit.record(clientEvent(deps, "client.secret_added", client, actor));
  });
  return secret;
}

/** The newest secret alone works from now on. Throws `not_found` where there is no other. */
export async function endPreviousSecret(deps: OAuthDependencies, id: string, actor: Actor): Promise<void> {
  await deps.atomically(async (stores) => {
    const client = await requireClient(stores, id);
    if (!(await stores.clients.endPreviousSecret(id, deps.clock.now()))) throw new LatchkeyError("not_found");
    await stores.audit.record(clientEvent(deps, "client.secret_ended", client, actor));
  });
}

/**
 * Everything that it holds is refused at once; it may ask for more, and everybody is asked again. Returns how many grants
 * ended. Should it fail half-way, what people had allowed is forgotten already. Throws `not_found`.
 */
export async function revokeClient(
  deps: OAuthDependencies,
  id: string,
  reason: string | null,
  actor: Actor,
): Promise<number> {
  await requireClient(deps.stores, id);
  // Beforehand, as there may be more of them than one statement can delete in its time.
  while (await deps.stores.consents.withdrawSome(id));
  const denial = await deps.atomically(async (stores) => {
    await withdrawConsents(stores, id);
    const client = await requireClient(stores, id);
    const denied = await denyOwnTokens(deps, stores, id);
    await stores.authorizationCodes.removeUnused(id, null);
    await stores.deviceAuthorizations.removeUnused(id, null);
    await stores.audit.record(clientEvent(deps, "client.tokens_revoked", client, actor, { note: reason }));
    return denied;
  });
  await deps.sessions.denylist.publish([denial]);
  return (await endGrants(deps, id, reason, actor)).length;
}

/** Before anything of the client: a code that is being given without asking holds its consent, and then waits for the client. */
const withdrawConsents = ({ consents }: OAuthDependencies["stores"], id: string): Promise<number> =>
  consents.withdraw(null, id);

const newSecret = (): string => `${SECRET_PREFIX}${randomToken()}`;

async function requireClient(
  { clients }: Pick<OAuthDependencies["stores"], "clients">,
  id: string,
): Promise<Client> {
  const client = await clients.find(id);
  if (client === null) throw new LatchkeyError("not_found");
  return client;
}

async function requireAudiences(
  { audiences }: OAuthDependencies,
  identifiers: readonly string[],
): Promise<void> {
  for (const identifier of identifiers) {
    if ((await audiences.store.find(identifier)) !== null) continue;
    const fields = { audiences: `There is no audience ${identifier}.` };
    throw new LatchkeyError("invalid_request", { fields });
  }
}

/** A client that has to bind its tokens would get none for a service that cannot check them. */
async function requireBindable(
  audiences: Pick<AudienceStore, "find">,
  { requiresDpop, audiences: identifiers }: Pick<Client, "requiresDpop" | "audiences">,
): Promise<void> {
  if (!requiresDpop) return;
  for (const identifier of identifiers) {
    const audience = await audiences.find(identifier);
    if (audience === null || takesBoundTokens(audience)) continue;
    const message = `Do without this, or without ${identifier}: a service of the profile ${audience.profile} cannot check tokens that are bound to a key.`;
    throw new LatchkeyError("invalid_request", { fields: { requiresDpop: message } });
  }
}
