import type { AuthorizationRequest } from "@/lib/oauth/authorization-request";

/** Who was asked, and for what: an answer counts for just that. */
export const shownText = (
  userId: string,
  { client, scope, audience, redirectUri }: AuthorizationRequest,
): string => JSON.stringify([userId, client.id, scope, audience, redirectUri]);
