import { z } from "zod";
import { actorOf } from "@/app/_http/actor-of";
import { adminApi, noContent, readJson } from "@/app/_http/api";
import { verifyForAudience } from "@/lib/audiences/verify-for-audience";
import { denyToken, denyTokenById } from "@/lib/sessions/deny-token";

const input = z.union(
  [
    z.strictObject({ token: z.string().min(1).max(8192) }),
    z.strictObject({ jti: z.string().min(1).max(255), expiresAt: z.iso.datetime({ offset: true }) }),
  ],
  "Give a token, or jti and expiresAt.",
);

export const POST = adminApi(async ({ request, latchkey, client }, claims) => {
  const { sessions, audiences, stores } = latchkey;
  const named = await readJson(request, input);
  const actor = actorOf(claims, client);
  const verify = async (token: string) => {
    const own = await sessions.verifyAccessToken(token);
    return own.ok || own.reason === "expired" ? own : verifyForAudience(audiences, token);
  };
  if ("token" in named) await denyToken(sessions, stores.denials, verify, named.token, actor);
  else await denyTokenById(sessions, stores.denials, named.jti, new Date(named.expiresAt), actor);
  return noContent();
});
