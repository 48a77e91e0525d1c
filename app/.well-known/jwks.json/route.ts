import { type NextRequest, NextResponse } from "next/server";
import { JWKS_MAX_AGE_SECONDS } from "@/lib/config/durations";
import { services } from "@/lib/services";

const CACHE_CONTROL = `public, max-age=${JWKS_MAX_AGE_SECONDS}, stale-while-revalidate=${JWKS_MAX_AGE_SECONDS}`;

/** The keys with which others verify our tokens (RFC 7517 section 5). */
export function GET(request: NextRequest): NextResponse {
  const { body, etag } = services().keyring.jwks;
  const headers = { "Content-Type": "application/jwk-set+json", "Cache-Control": CACHE_CONTROL, ETag: etag };
  const known = (request.headers.get("if-none-match") ?? "")
    .split(",")
    .map((tag) => tag.trim().replace(/^W\//, ""));
  const isUnchanged = known.includes(etag) || known.includes("*");
  return new NextResponse(isUnchanged ? null : body, { status: isUnchanged ? 304 : 200, headers });
}
