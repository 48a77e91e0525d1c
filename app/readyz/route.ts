import { NextResponse } from "next/server";
import { readiness } from "@/lib/readiness";
import { services } from "@/lib/services";

/** 200 when every part answers, otherwise 503 with which does not. */
export async function GET(): Promise<NextResponse> {
  const parts = await readiness(services());
  const isReady = Object.values(parts).every((state) => state === "ok");
  return NextResponse.json(
    { status: isReady ? "ok" : "unavailable", parts },
    { status: isReady ? 200 : 503, headers: { "Cache-Control": "no-store" } },
  );
}
