import { LRUCache } from "lru-cache";
import { type NextRequest, NextResponse } from "next/server";
import { z } from "zod";
import { services } from "@/lib/services";

const MAX_LOGGED_CHARACTERS = 200;
const MAX_REMEMBERED_REPORTS = 500;
const REPORT_AGAIN_MS = 60_000;

const clip = (text: string): string => text.slice(0, MAX_LOGGED_CHARACTERS);
const clipped = z.string().transform(clip);

/** Without its query: a one-time link bears its token there. */
const address = z.string().transform((text) => clip(text.split(/[?#]/, 1)[0] ?? ""));

/** A stranger who reports the same thing again and again fills no log. */
const reported = new LRUCache<string, true>({ max: MAX_REMEMBERED_REPORTS, ttl: REPORT_AGAIN_MS });

/** CSP Level 3 section 5.3. Only these members are logged: the rest is whatever a stranger sends. */
const report = z.object({
  "csp-report": z.object({
    "document-uri": address.optional(),
    "blocked-uri": address.optional(),
    "effective-directive": clipped.optional(),
    "source-file": address.optional(),
    "line-number": z.number().optional(),
  }),
});

export async function POST(request: NextRequest): Promise<NextResponse> {
  const parsed = report.safeParse(await request.json().catch(() => null));
  if (parsed.success) logOnce(parsed.data["csp-report"]);
  return new NextResponse(null, { status: 204 });
}

function logOnce(violation: z.infer<typeof report>["csp-report"]): void {
  const text = JSON.stringify(violation);
  if (reported.has(text)) return;
  reported.set(text, true);
  services().log.warn({ violation }, "content security policy violation");
}
