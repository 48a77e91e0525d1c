import { type NextRequest, NextResponse } from "next/server";
import { JWKS_MAX_AGE_SECONDS } from "@/lib/config/durations";
import { authorizationServerMetadata } from "@/lib/oauth/metadata";
import { services } from "@/lib/services";
import { addCors } from "./oauth-endpoint";

/** What clients find out about this server, at either of its two addresses. */
export async function metadataAnswer(request: NextRequest): Promise<NextResponse> {
  const latchkey = services();
  const response = NextResponse.json(authorizationServerMetadata(latchkey.settings.origin), {
    headers: { "Cache-Control": `public, max-age=${JWKS_MAX_AGE_SECONDS}` },
  });
  await addCors(request, latchkey, response);
  return response;
}
