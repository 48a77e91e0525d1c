import { type NextRequest, NextResponse } from "next/server";
import { isUnchanged } from "@/app/_http/is-unchanged";
import { addCors, preflight } from "@/app/_http/oauth-endpoint";
import { JWKS_STALE_SECONDS } from "@/lib/config/durations";
import { services } from "@/lib/services";

/** The keys with which others verify our tokens (RFC 7517 section 5). */
export async function GET(request: NextRequest): Promise<NextResponse> {
  const latchkey = services();
  const { body, etag, maxAgeSeconds } = latchkey.keyring.jwks;
  const headers = {
    "Content-Type": "application/jwk-set+json",
    "Cache-Control": `public, max-age=${maxAgeSeconds}, stale-while-revalidate=${JWKS_STALE_SECONDS}`,
    ETag: etag,
  };
  const isKnown = isUnchanged(request.headers, etag);
  const response = new NextResponse(isKnown ? null : body, { status: isKnown ? 304 : 200, headers });
  await addCors(request, latchkey, response);
  return response;
}

export const OPTIONS = preflight("GET");
