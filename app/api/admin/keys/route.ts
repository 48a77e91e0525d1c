import { z } from "zod";
import { adminApi, json } from "@/app/_http/api";
import { pageParams } from "@/app/_http/page-params";
import { parseQuery } from "@/app/_http/parse-input";
import { keyLineView, keyView } from "@/app/_http/views";
import { readKeyOverview } from "@/lib/key-overview";

const query = z.strictObject({ limit: pageParams.limit });

export const GET = adminApi(async ({ request, latchkey }) => {
  const { limit } = parseQuery(query, request.nextUrl.searchParams);
  const { keys, lines, signingKid, next } = await readKeyOverview(latchkey, limit);
  const nextRotationAt = next?.at ?? null;
  return json(200, { keys: keys.map(keyView), signingKid, nextRotationAt, lines: lines.map(keyLineView) });
});
