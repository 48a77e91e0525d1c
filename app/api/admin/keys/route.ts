import { z } from "zod";
import { adminApi, json } from "@/app/_http/api";
import { pageParams } from "@/app/_http/page-params";
import { parseQuery } from "@/app/_http/parse-input";
import { keyView } from "@/app/_http/views";
import { readKeyOverview } from "@/lib/key-overview";

const query = z.strictObject({ limit: pageParams.limit });

export const GET = adminApi(async ({ request, latchkey }) => {
  const { limit } = parseQuery(query, request.nextUrl.searchParams);
  const { keys, signingKid, next } = await readKeyOverview(latchkey, limit);
  return json(200, { keys: keys.map(keyView), signingKid, nextRotationAt: next?.at ?? null });
});
