import type { NextRequest, NextResponse } from "next/server";
import { clientErrorAnswer, seeOther } from "@/app/_http/client-error-answer";
import { readLogoutRequest } from "@/lib/oauth/end-session";
import { readParameters } from "@/lib/oauth/parameters";
import { services } from "@/lib/services";

/**
 * Where a client sends the browser of whoever signs out there (OpenID Connect RP-Initiated Logout 1.0 section 2). Looks at
 * no cookie and ends nothing: the page that it leads to asks the person.
 */
export const GET = (request: NextRequest): Promise<NextResponse> =>
  answer(request, request.nextUrl.searchParams);

/** The same, asked by a form. */
export const POST = async (request: NextRequest): Promise<NextResponse> =>
  answer(request, new URLSearchParams(await request.text()));

async function answer(request: NextRequest, asked: URLSearchParams): Promise<NextResponse> {
  const latchkey = services();
  try {
    await readLogoutRequest(latchkey.oauth, readParameters(asked));
    return seeOther(`${latchkey.settings.origin}/sign-out?${asked}`);
  } catch (error) {
    return clientErrorAnswer(error, latchkey, request);
  }
}
