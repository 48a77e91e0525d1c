import { type NextRequest, NextResponse } from "next/server";
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
  const known = (request.headers.get("if-none-match") ?? "")
    .split(",")
    .map((tag) => tag.trim().replace(/^W\//, ""));
  const isUnchanged = known.includes(etag) || known.includes("*");
  const response = new NextResponse(isUnchanged ? null : body, { status: isUnchanged ? 304 : 200, headers });
  await addCors(request, latchkey, response);
  return response;
}

export const OPTIONS = preflight("GET");
