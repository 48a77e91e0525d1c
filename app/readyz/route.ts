import { NextResponse } from "next/server";
import { currentRequest } from "@/lib/audit/request-scope";
import { readiness } from "@/lib/readiness";
import { services } from "@/lib/services";

/** 200 when requests can be served, and which part is degraded; 503 when they cannot, or soon will not be. */
export async function GET(): Promise<NextResponse> {
  const { status: state, parts } = await readiness(services());
  const status = currentRequest()?.isStopping ? "unavailable" : state;
  return NextResponse.json(
    { status, parts },
    { status: status === "unavailable" ? 503 : 200, headers: { "Cache-Control": "no-store" } },
  );
}
