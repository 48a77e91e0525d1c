import type { IncomingMessage, ServerResponse } from "node:http";
import type { Settings } from "../config/settings";
import type { ErrorCode } from "../errors/catalogue";
import { problemHeaders, toProblem } from "../errors/problem";
import { NO_CONTENT_CSP } from "../policy/content-security-policy";
import { refusalAtTheDoor, trustedHeaders } from "../policy/front-door";
import { routeFor } from "../policy/routes";
import { SECURITY_HEADERS } from "../policy/security-headers";
import { pathOf } from "./answered";

/**
 * The front door: security headers on whatever is answered, then only requests with one meaning come in, with the
 * headers that the application may believe. Null: it came in; otherwise it has been answered, and why it was refused.
 */
export function admit(
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  settings: Settings,
): ErrorCode | null {
  for (const [name, value] of SECURITY_HEADERS) response.setHeader(name, value);
  response.setHeader("Content-Security-Policy", NO_CONTENT_CSP);
  response.setHeader("X-Request-Id", requestId);
  const { method = "", url: target = "", headers, headersDistinct } = request;
  const socketAddress = request.socket.remoteAddress ?? "";
  const valuesOf = (name: string) => headersDistinct[name] ?? [];
  const code = refusalAtTheDoor({ method, target, socketAddress, headers, valuesOf }, settings);
  if (code !== null) {
    const problem = toProblem({ code }, requestId);
    const allow = code === "method_not_allowed" ? routeFor(pathOf(request)).methods : undefined;
    response.writeHead(problem.status, { ...problemHeaders({ code, allow }), Connection: "close" });
    response.end(JSON.stringify(problem));
    return code;
  }
  request.headers = trustedHeaders(headers, { socketAddress, requestId }, settings);
  return null;
}
