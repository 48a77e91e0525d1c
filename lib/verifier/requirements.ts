import { isListOf, isScope, isWithin, type ServiceClaims } from "@/lib/tokens/claims";
import { readObject } from "./read-object";

/** What a route asks of a token beyond its being valid. */
export interface Requirements {
  /** Scope tokens (RFC 6749 section 3.3) that it must all have: one, several with spaces between, or a list. */
  scope?: string | readonly string[];
  /** The person must have proved who they are within this time (RFC 9470): a whole number. */
  maxAgeSeconds?: number;
}

/** The same, checked: scope tokens one by one, and Infinity where the time does not matter. */
export interface Demands {
  scope: readonly string[];
  maxAgeSeconds: number;
}

const ANY: readonly string[] = [];
const MAX_SCOPES = 100;
/** Beyond, not every whole number is one. */
const MAX_SECONDS = 2 ** 53 - 1;

/** Throws a `TypeError` for requirements that would not require what they seem to. */
export function readRequirements(requirements: Requirements = {}): Demands {
  const { scope, maxAgeSeconds } = readObject<Required<Requirements>>(requirements, {
    scope: [
      (given) => given === ANY || isListOf([given].flat(), MAX_SCOPES, isScope),
      "scope tokens or a list of them",
      ANY,
    ],
    maxAgeSeconds: [
      (given) => given === Infinity || isWithin(given, 0, MAX_SECONDS),
      "a whole number of seconds",
      Infinity,
    ],
  });
  return { scope: [scope].flat().flatMap((part) => part.split(" ")), maxAgeSeconds };
}

/**
 * What a valid token lacks, or null. A missing scope comes first: another sign-in would not help. In the token that a
 * client got for itself nobody has signed in.
 */
export function findShortfall(
  { scope = "", auth_time: authenticatedAt = -Infinity }: Pick<ServiceClaims, "scope" | "auth_time">,
  demands: Demands,
  clockToleranceSeconds: number,
  nowSeconds: number,
): "insufficient_scope" | "insufficient_user_authentication" | null {
  const granted = scope.split(" ");
  if (!demands.scope.every((token) => granted.includes(token))) return "insufficient_scope";
  const isFresh = nowSeconds - authenticatedAt <= demands.maxAgeSeconds + clockToleranceSeconds;
  return isFresh ? null : "insufficient_user_authentication";
}
