import type { IncomingHttpHeaders } from "node:http";
import { MAX_BODY_BYTES } from "../config/sizes";
import type { ErrorCode } from "../errors/catalogue";
import { clientAddress } from "./client-address";
import { isExpectedHost } from "./host";
import { mayReadMetrics } from "./metrics-access";
import { isCanonicalTarget } from "./request-target";

/** A request as it came off the wire. */
export interface RawRequest {
  method: string;
  target: string;
  /** Of whoever is connected to us: the caller, or the last proxy. */
  socketAddress: string;
  headers: IncomingHttpHeaders;
  /** Every value of a header that Node would otherwise fold into one. */
  valuesOf(name: string): readonly string[];
}

/** The others mean nothing here; which of these a route offers, the route table says. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Load balancers and Prometheus ask for these by address. Their answers hold nothing of the host. */
const ANY_HOST = new Set(["/healthz", "/readyz", "/metrics"]);

/** Below it Next has a second address for every page and handler, which it maps before middleware sees it. */
const SECOND_ADDRESSES = "/_next/data/";

/** Said twice, these would have two meanings. */
const SINGLE_HEADERS = ["host", "authorization", "content-type", "origin"];

/**
 * What is refused before anything else looks at it, or null: a target with two readings, a foreign Host, a method
 * nobody offers, the metrics to a stranger, a body that is too large or does not say how large it is.
 */
export function refusalAtTheDoor(
  request: RawRequest,
  { origin, metricsToken }: { origin: string; metricsToken: string | null },
): ErrorCode | null {
  if (!METHODS.has(request.method)) return "method_not_allowed";
  if (!isCanonicalTarget(request.target)) return "invalid_request";
  if (SINGLE_HEADERS.some((name) => request.valuesOf(name).length > 1)) return "invalid_request";
  if (request.target.startsWith(SECOND_ADDRESSES)) return "not_found";
  const isHostChecked = !ANY_HOST.has(request.target);
  if (isHostChecked && !isExpectedHost(request.headers.host, origin)) return "misdirected_request";
  if (isForMetrics(request.target) && !mayReadMetrics(request, metricsToken)) return "not_authenticated";
  // Nothing here is upgraded; a request that asks for it is not quietly answered as another.
  if (request.headers.upgrade !== undefined) return "invalid_request";
  if (request.headers["transfer-encoding"] !== undefined) return "length_required";
  const coding = request.headers["content-encoding"] ?? "identity";
  if (coding.toLowerCase() !== "identity") return "unsupported_media_type";
  return Number(request.headers["content-length"] ?? 0) > MAX_BODY_BYTES ? "body_too_large" : null;
}

const isForMetrics = (target: string): boolean => target.split("?", 1)[0] === "/metrics";

/**
 * What only we, a trusted proxy or Next itself may say: Next's internal headers, identity and address of a caller.
 * The two request ids are its browser runtime's, which in development waits for ever for an answer that bears them.
 */
const OURS_TO_SAY =
  /^(x-middleware-|x-nextjs-(?!(html-)?request-id$)|x-next-|x-invoke-|x-matched-path$|x-now-|x-vercel-|x-forwarded-|forwarded$|x-real-ip$|x-client-ip$|true-client-ip$|cf-connecting-ip$|x-nonce$|x-request-id$|content-security-policy)/;

/** The headers that the application sees: those a caller may not set are gone, and what we know stands in place. */
export function trustedHeaders(
  headers: IncomingHttpHeaders,
  caller: { socketAddress: string; requestId: string },
  { origin, trustedProxies }: { origin: string; trustedProxies: readonly string[] },
): IncomingHttpHeaders {
  const forwardedFor = [headers["x-forwarded-for"]].flat().join(",");
  const kept = Object.entries(headers).filter(([name]) => !OURS_TO_SAY.test(name));
  const { host } = new URL(origin);
  return {
    ...Object.fromEntries(kept),
    host,
    "x-forwarded-host": host,
    "x-forwarded-for": clientAddress(caller.socketAddress, forwardedFor, trustedProxies),
    "x-request-id": caller.requestId,
  };
}
