import type { ServiceClaims } from "@/lib/tokens/claims";
import { isObject } from "@/lib/tokens/compact";

/** What a route asks of a token beyond its being valid. */
export interface Requirements {
  /** Scope tokens (RFC 6749 section 3.3) that it must all have: one, several with spaces between, or a list. */
  scope?: string | readonly string[];
  /** The person must have proved who they are within this time (RFC 9470). */
  maxAgeSeconds?: number;
}

/** The same, checked. */
export interface Demands {
  scope: readonly string[];
  maxAgeSeconds: number | null;
}

const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** Throws a `TypeError` for requirements that would not require what they seem to. */
export function readRequirements(requirements: Requirements = {}): Demands {
  if (!isObject(requirements)) throw new TypeError("Requirements must be an object.");
  const { scope, maxAgeSeconds, ...unknown } = requirements;
  const [name] = Object.keys(unknown);
  if (name !== undefined) {
    throw new TypeError(`There is no requirement "${name}"; there are scope and maxAgeSeconds.`);
  }
  return { scope: readScope(scope), maxAgeSeconds: readMaxAge(maxAgeSeconds) };
}

function readScope(scope: unknown): string[] {
  if (scope === undefined) return [];
  const parts: unknown[] = Array.isArray(scope) ? scope : [scope];
  const tokens = parts.flatMap((part) => (typeof part === "string" ? part.split(" ") : [""]));
  if (tokens.length > 0 && tokens.every((token) => SCOPE_TOKEN.test(token))) return tokens;
  throw new TypeError("scope must be scope tokens separated by one space, or a list of them.");
}

function readMaxAge(maxAgeSeconds: unknown): number | null {
  if (maxAgeSeconds === undefined) return null;
  if (Number.isInteger(maxAgeSeconds) && Number(maxAgeSeconds) >= 0) return Number(maxAgeSeconds);
  throw new TypeError("maxAgeSeconds must be a whole number of seconds, 0 or more.");
}

/** What a valid token lacks, or null. A missing scope comes first: another sign-in would not help. */
export function findShortfall(
  { scope = "", auth_time: authenticatedAt }: Pick<ServiceClaims, "scope" | "auth_time">,
  demands: Demands,
  clockToleranceSeconds: number,
  nowSeconds: number,
): "insufficient_scope" | "insufficient_user_authentication" | null {
  const granted = scope.split(" ");
  if (!demands.scope.every((token) => granted.includes(token))) return "insufficient_scope";
  if (demands.maxAgeSeconds === null) return null;
  const isFresh = nowSeconds <= authenticatedAt + demands.maxAgeSeconds + clockToleranceSeconds;
  return isFresh ? null : "insufficient_user_authentication";
}
