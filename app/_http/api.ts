import type { NextRequest } from "next/server";
import { NextResponse } from "next/server";
import type { z } from "zod";
import type { Client } from "@/lib/audit/events";
import { MAX_BODY_BYTES } from "@/lib/config/sizes";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { type Services, services } from "@/lib/services";
import type { Credentials } from "@/lib/sessions/credentials";
import type { VerifiedClaims } from "@/lib/tokens/verify";
import { clientOf } from "./client-of";
import { findClaims } from "./current-session";
import { parseInput } from "./parse-input";
import { problemResponse, toRefusal } from "./refuse";
import { credentialCookies, type SessionCookie, serializeCookie } from "./session-cookies";

/** One call of the JSON API. */
export interface ApiCall {
  request: NextRequest;
  latchkey: Services;
  client: Client;
  params: Record<string, string>;
}

type RouteHandler = (
  request: NextRequest,
  context: { params: Promise<Record<string, string>> },
) => Promise<NextResponse>;

/** A route handler from a function that answers or throws; what it throws becomes a problem. */
export function api(answer: (call: ApiCall) => Promise<NextResponse>): RouteHandler {
  return async (request, context) => {
    const latchkey = services();
    try {
      return await answer({
        request,
        latchkey,
        client: clientOf(request.headers),
        params: await context.params,
      });
    } catch (error) {
      const requestId = request.headers.get("x-request-id") ?? "";
      return problemResponse(toRefusal(error, latchkey, requestId), requestId);
    }
  };
}

/** As `api`, for a signed-in caller. Checked here again, whatever middleware has found. */
export function sessionApi(
  answer: (call: ApiCall, claims: VerifiedClaims) => Promise<NextResponse>,
): RouteHandler {
  return api(async (call) => {
    const claims = await findClaims(call.request.headers);
    if (claims === null) throw new LatchkeyError("not_authenticated");
    return answer(call, claims);
  });
}

/** As `sessionApi`, for an administrator. */
export function adminApi(
  answer: (call: ApiCall, claims: VerifiedClaims) => Promise<NextResponse>,
): RouteHandler {
  return sessionApi((call, claims) => {
    if (claims.role !== "admin") throw new LatchkeyError("forbidden");
    return answer(call, claims);
  });
}

export function json(status: number, body: unknown, cookies: readonly SessionCookie[] = []): NextResponse {
  return withCookies(NextResponse.json(body, { status }), cookies);
}

export function noContent(cookies: readonly SessionCookie[] = []): NextResponse {
  return withCookies(new NextResponse(null, { status: 204 }), cookies);
}

export const cookiesOf = (credentials: Credentials): SessionCookie[] =>
  credentialCookies(credentials, services().settings);

function withCookies(response: NextResponse, cookies: readonly SessionCookie[]): NextResponse {
  response.headers.set("Cache-Control", "no-store");
  for (const cookie of cookies) response.headers.append("Set-Cookie", serializeCookie(cookie));
  return response;
}

const JSON_TYPE = /^application\/json(;\s*charset=utf-8)?$/i;

/**
 * The request's JSON body, as the schema has it. Throws `unsupported_media_type`, `body_too_large`, and
 * `invalid_request` with a message a field; unknown fields are refused.
 */
export async function readJson<Schema extends z.ZodType>(
  request: NextRequest,
  schema: Schema,
): Promise<z.output<Schema>> {
  if (!JSON_TYPE.test(request.headers.get("content-type") ?? ""))
    throw new LatchkeyError("unsupported_media_type");
  const text = await request.text();
  if (Buffer.byteLength(text) > MAX_BODY_BYTES) throw new LatchkeyError("body_too_large");
  return parseInput(schema, parseJson(text));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new LatchkeyError("invalid_request", { fields: { body: "This is not JSON." } });
  }
}
