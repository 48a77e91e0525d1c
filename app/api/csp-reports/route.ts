import { type NextRequest, NextResponse } from "next/server";
import { z } from "zod";
import { services } from "@/lib/services";

const MAX_LOGGED_CHARACTERS = 200;
const clipped = z.string().transform((text) => text.slice(0, MAX_LOGGED_CHARACTERS));

/** CSP Level 3 section 5.3. Only these members are logged: the rest is whatever a stranger sends. */
const report = z.object({
  "csp-report": z.object({
    "document-uri": clipped.optional(),
    "blocked-uri": clipped.optional(),
    "effective-directive": clipped.optional(),
    "source-file": clipped.optional(),
    "line-number": z.number().optional(),
  }),
});

export async function POST(request: NextRequest): Promise<NextResponse> {
  const parsed = report.safeParse(await request.json().catch(() => null));
  if (parsed.success)
    services().log.warn({ violation: parsed.data["csp-report"] }, "content security policy violation");
  return new NextResponse(null, { status: 204 });
}
