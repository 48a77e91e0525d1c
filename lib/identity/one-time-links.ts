import { randomUUID } from "node:crypto";
import { type Actor, doneBy } from "@/lib/audit/actor";
import type { Client } from "@/lib/audit/events";
import { ONE_TIME_LINK_SECONDS, SETUP_LINK_SECONDS } from "@/lib/config/durations";
import { addSeconds } from "@/lib/crypto/clock";
import { sha256 } from "@/lib/crypto/derive-key";
import { randomToken } from "@/lib/crypto/random";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { addressBucket } from "@/lib/policy/client-address";
import type { IdentityDependencies } from "./dependencies";
import { requireAttempt } from "./rate-limiter";
import type { LinkPurpose, OneTimeLink, User } from "./user-store";

/** Shown once, to whoever asked for it; only the hash of its token is kept. */
export interface IssuedLink {
  url: string;
  expiresAt: Date;
}

const PATHS: Record<LinkPurpose, string> = {
  setup: "/setup",
  invitation: "/signup",
  password_reset: "/reset-password",
};

/** Makes a link that works once and replaces every older one of that person. `user` is null for set-up alone. */
export async function createLink(
  deps: IdentityDependencies,
  purpose: LinkPurpose,
  user: Pick<User, "id"> | null,
  actor: Actor,
): Promise<IssuedLink> {
  const token = randomToken();
  const now = deps.clock.now();
  const expiresAt = addSeconds(now, purpose === "setup" ? SETUP_LINK_SECONDS : ONE_TIME_LINK_SECONDS);
  const userId = user?.id ?? null;
  const link = { id: randomUUID(), purpose, tokenHash: sha256(token), userId, createdAt: now, expiresAt };
  await deps.atomically(async (stores) => {
    await stores.links.replace(link);
    await stores.audit.record({
      at: now,
      type: "one_time_link.created",
      userId,
      ...doneBy(actor),
      details: { purpose },
    });
  });
  return { url: `${deps.origin}${PATHS[purpose]}?token=${token}`, expiresAt };
}

/** An invitation for a person who has no password yet, otherwise a reset link. */
export async function createPasswordLink(
  deps: IdentityDependencies,
  userId: string,
  actor: Actor,
): Promise<IssuedLink> {
  const user = await deps.users.find(userId);
  if (user === null) throw new LatchkeyError("not_found");
  if (user.status === "disabled") throw new LatchkeyError("account_disabled");
  return createLink(deps, user.passwordHash === null ? "invitation" : "password_reset", user, actor);
}

/** The link if it works and is for one of these purposes. Throws `invalid_link`, `rate_limited`. Changes nothing. */
export async function requireLink(
  deps: IdentityDependencies,
  token: string,
  purposes: readonly LinkPurpose[],
  client: Client,
): Promise<OneTimeLink> {
  await requireAttempt(deps.rateLimiter, "oneTimeLinkByAddress", addressBucket(client.ip));
  const link = await deps.links.findUsable(sha256(token), deps.clock.now());
  if (link === null || !purposes.includes(link.purpose)) throw new LatchkeyError("invalid_link");
  return link;
}
