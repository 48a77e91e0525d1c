import { type NextRequest, NextResponse } from "next/server";
import type { LatchkeyError } from "@/lib/errors/latchkey-error";
import { problemHeaders, toProblem } from "@/lib/errors/problem";
import { isOAuthError, OAuthError } from "@/lib/oauth/oauth-error";
import { type Parameters, readParameters } from "@/lib/oauth/parameters";
import { corsHeaders, preflightHeaders } from "@/lib/policy/cors";
import { type Services, services } from "@/lib/services";
import { clientOf } from "./client-of";
import { toRefusal } from "./refuse";

/** One call of an endpoint for clients. */
interface EndpointCall {
  latchkey: Services;
  headers: Headers;
  method: string;
  /** Of a form; none of a GET, which says nothing in its address (RFC 6750 section 2.3). */
  parameters: Parameters;
  from: ReturnType<typeof clientOf>;
}

type Handler = (request: NextRequest) => Promise<NextResponse>;

interface EndpointOptions {
  /** Whether scripts of registered origins may call it. */
  isForBrowsers: boolean;
  /** Of its success. */
  status?: number;
}

const FORM_TYPE = "application/x-www-form-urlencoded";
const NOTHING_SAID: Parameters = { get: () => null };

/** A handler from a function that answers with JSON, or null for no content; what it throws is said in OAuth's own form. */
export function oauthEndpoint(
  { isForBrowsers, status = 200 }: EndpointOptions,
  answer: (call: EndpointCall) => Promise<object | null>,
): Handler {
  return async (request) => {
    const latchkey = services();
    const response = await answerOf(request, latchkey, status, answer).catch((error) =>
      refusal(error, latchkey, request.headers.get("x-request-id") ?? ""),
    );
    if (isForBrowsers) await addCors(request, latchkey, response);
    return response;
  };
}

/** The answer to the question of a browser whether a script may send this. */
export function preflight(...methods: string[]): Handler {
  return async (request) => {
    const origin = request.headers.get("origin");
    const isRegistered = await isRegisteredOrigin(services(), origin).catch(() => false);
    return new NextResponse(null, {
      status: 204,
      headers: preflightHeaders(origin, isRegistered, { methods }),
    });
  };
}

/** Lets scripts of registered origins read the response. */
export async function addCors(
  request: NextRequest,
  latchkey: Services,
  response: NextResponse,
): Promise<void> {
  const origin = request.headers.get("origin");
  const isRegistered = await isRegisteredOrigin(latchkey, origin).catch(() => false);
  for (const [name, value] of Object.entries(corsHeaders(origin, isRegistered))) {
    response.headers.append(name, value);
  }
}

async function isRegisteredOrigin({ stores }: Services, origin: string | null): Promise<boolean> {
  return origin !== null && (await stores.clients.isOrigin(origin));
}

async function answerOf(
  request: NextRequest,
  latchkey: Services,
  status: number,
  answer: (call: EndpointCall) => Promise<object | null>,
): Promise<NextResponse> {
  const { headers, method } = request;
  const parameters = method === "POST" ? await readForm(request) : NOTHING_SAID;
  const body = await answer({ latchkey, headers, method, parameters, from: clientOf(headers) });
  return body === null ? new NextResponse(null, { status, headers: NO_STORE }) : json(status, body);
}

async function readForm(request: NextRequest): Promise<Parameters> {
  const text = await request.text();
  // Of whatever type, as of a post with a bearer token.
  if (text === "") return NOTHING_SAID;
  // Libraries add parameters of all kinds. The form's own encoding is ASCII, so none changes what it says.
  const [type = ""] = (request.headers.get("content-type") ?? "").split(";");
  if (type.trim().toLowerCase() === FORM_TYPE) return readParameters(new URLSearchParams(text));
  throw new OAuthError("invalid_request", "Send a form: application/x-www-form-urlencoded.");
}

const NO_STORE = { "Cache-Control": "no-store", Pragma: "no-cache" };

const json = (status: number, body: object, headers: Readonly<Record<string, string>> = {}): NextResponse =>
  NextResponse.json(body, { status, headers: { ...NO_STORE, ...headers } });

function refusal(error: unknown, latchkey: Services, requestId: string): NextResponse {
  if (!isOAuthError(error)) return failure(toRefusal(error, latchkey, requestId));
  const { code, message, status, headers, reason } = error;
  latchkey.metrics.oauthRefusals.inc(code);
  latchkey.log.debug({ requestId, code, reason }, "refused");
  return json(status, { error: code, error_description: message }, headers);
}

/** What is not said in OAuth's own words; where it is no fault of the client's, it may ask again later (RFC 6749 section 4.1.2.1). */
function failure(refused: LatchkeyError): NextResponse {
  const { status } = toProblem(refused, "");
  const { "Retry-After": retryAfter } = problemHeaders(refused);
  const body = { error: nameOf(status), error_description: refused.message };
  return json(status, body, retryAfter === undefined ? {} : { "Retry-After": retryAfter });
}

function nameOf(status: number): string {
  if (status === 429 || status === 503) return "temporarily_unavailable";
  return status >= 500 ? "server_error" : "invalid_request";
}
