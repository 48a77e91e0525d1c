import type { IncomingMessage } from "node:http";
import type { RequestScope } from "@/lib/audit/request-scope";
import { problemHeaders, toProblem } from "@/lib/errors/problem";
import { pathOf } from "@/lib/http/answered";
import type { Replacement } from "@/lib/http/replace-broken";
import { NO_CONTENT_CSP } from "@/lib/policy/content-security-policy";
import { routeFor } from "@/lib/policy/routes";
import { ERROR_PAGE_CSP, errorPage } from "./error-page";

/** The answer when a page or a handler has failed as a whole: an outage is 503, anything else 500. */
export function brokenAnswer(request: IncomingMessage, { requestId, hasOutage }: RequestScope): Replacement {
  const code = hasOutage ? "unavailable" : "internal_error";
  const problem = toProblem({ code }, requestId);
  const headers = problemHeaders({ code });
  return routeFor(pathOf(request)).kind === "page"
    ? {
        status: problem.status,
        headers: {
          ...headers,
          "Content-Type": "text/html; charset=utf-8",
          "Content-Security-Policy": ERROR_PAGE_CSP,
        },
        body: errorPage(code),
      }
    : {
        status: problem.status,
        headers: { ...headers, "Content-Security-Policy": NO_CONTENT_CSP },
        body: JSON.stringify(problem),
      };
}
