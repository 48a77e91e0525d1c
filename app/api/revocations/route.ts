import { NextResponse } from "next/server";
import { z } from "zod";
import { api, json } from "@/app/_http/api";
import { isUnchanged } from "@/app/_http/is-unchanged";
import { parseQuery } from "@/app/_http/parse-input";
import { requireFeedReader } from "@/app/_http/require-feed-reader";
import { hasNews } from "@/lib/revocation/feed";

const MAX_CURSOR_LENGTH = 256;
const MAX_NONCE_LENGTH = 64;
const MAX_WAIT_SECONDS = 25;

const query = z.strictObject({
  /** Whatever it is, it is no error: a reader must not get stuck on what it has kept. */
  since: z.string().max(MAX_CURSOR_LENGTH).nullable().default(null),
  wait: z
    .string()
    .regex(/^[0-9]{1,2}$/)
    .transform(Number)
    .refine((seconds) => seconds <= MAX_WAIT_SECONDS)
    .default(0),
  /** Comes back in the answer: whoever sent it knows that the answer is to this question. */
  nonce: z.string().max(MAX_NONCE_LENGTH).optional(),
});

/** What is denied, for the services that check our tokens themselves. */
export const GET = api(async (call) => {
  await requireFeedReader(call);
  const { request, latchkey } = call;
  const { since, wait, nonce } = parseQuery(query, request.nextUrl.searchParams);
  const answer = await latchkey.feed.wait(since, wait, request.signal);
  const { cursor, readAt, isComplete: complete, revocations } = answer;
  const etag = `"${cursor}"`;
  const isKnown = !hasNews(answer) && isUnchanged(request.headers, etag);
  const response = isKnown
    ? new NextResponse(null, { status: 304 })
    : json(200, { cursor, readAt, complete, nonce, revocations });
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("ETag", etag);
  return response;
});
