import type { Clock } from "@/lib/crypto/clock";
import { BEARER, type Refusal, readToken } from "./challenge";
import type { Accepted, Guard } from "./create-verifier";
import type { Rejection } from "./options";

/** What a proof is for: a request of Node, of a framework on it, or of the Fetch standard. */
export interface PresentedRequest {
  method?: string | undefined;
  url?: string | undefined;
  /** As it was sent, where a framework has changed `url` since. */
  originalUrl?: string | undefined;
  headers: { get(name: string): string | null } | { dpop?: string | string[] | undefined };
}

/**
 * The claims of a valid token that meets the requirements of a route, or the answer to send: one that is bound to a key
 * where that is expected, and one that is not where it is not. Null: there is none; undefined: that is no token.
 */
export type Admit = (token: string | null | undefined, isBound?: boolean) => Promise<Accepted | Refusal>;

/** What a scheme needs of its verifier. */
export interface SchemeSettings {
  clock: Clock;
  clockToleranceSeconds: number;
  onRejected: (reason: Rejection) => void;
}

/** How tokens are presented: makes the guard of a route of what admits them. */
export type Scheme = (admit: Admit, settings: SchemeSettings) => Guard;

/** RFC 6750. */
export const bearer: Scheme = (admit) => (authorization) => admit(readToken(authorization, BEARER));
