import { sha256 } from "@/lib/crypto/derive-key";
import type { LinkPurpose } from "@/lib/identity/user-store";
import { services } from "@/lib/services";
import type { SessionUser } from "@/lib/sessions/session";

/** Whether the token is of a set-up link that still works. Reading a link does not use it up. */
export async function isUsableSetupToken(token: string | null): Promise<boolean> {
  return (await findLink(token, "setup")) !== null;
}

/** The person whom a link that still works lets choose a password, or null. Reading a link does not use it up. */
export async function findLinkedUser(
  token: string | null,
  purpose: Exclude<LinkPurpose, "setup">,
): Promise<SessionUser | null> {
  const link = await findLink(token, purpose);
  const user = link?.userId ? await services().stores.users.find(link.userId) : null;
  return user?.status === "active" ? user : null;
}

async function findLink(token: string | null, purpose: LinkPurpose) {
  if (token === null) return null;
  const { stores, clock } = services();
  const link = await stores.links.findUsable(sha256(token), clock.now());
  return link?.purpose === purpose ? link : null;
}
