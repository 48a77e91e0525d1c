import { z } from "zod";
import { json, readJson, sessionApi } from "@/app/_http/api";
import { identifierSchema } from "@/lib/audiences/audience-input";
import { issueForAudience } from "@/lib/audiences/issue-for-audience";

const input = z.strictObject({ audience: identifierSchema });

export const POST = sessionApi(async ({ request, latchkey }, claims) => {
  const { audience } = await readJson(request, input);
  const issued = await issueForAudience(latchkey.audiences, claims.sid, audience);
  return json(200, { accessToken: issued.accessToken, expiresAt: issued.accessTokenExpiresAt, audience });
});
