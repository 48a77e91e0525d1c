import { NextResponse } from "next/server";
import { api } from "@/app/_http/api";

/** What this process has counted. Who may read it, the front door has decided. */
export const GET = api(async ({ latchkey: { metrics } }) => {
  const headers = { "Content-Type": metrics.contentType, "Cache-Control": "no-store" };
  return new NextResponse(await metrics.text(), { headers });
});
