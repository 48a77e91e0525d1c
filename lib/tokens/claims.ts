import { hasOnly, isObject } from "./compact";

/** The `client_id` (RFC 9068 section 2.2) of our own pages, which no registered client may have. */
export const OWN_CLIENT_ID = "latchkey";

/** Claims that every access token has (RFC 9068 section 2.2). */
export interface CommonClaims {
  iss: string;
  aud: string | string[];
  sub: string;
  client_id: string;
  exp: number;
  nbf: number;
  iat: number;
  jti: string;
  /** The session it belongs to; of what a client gets for itself, what is taken back together. */
  sid: string;
}

/** What a token says of a person. One that a client got for itself says none of it (RFC 9068 section 2.2.1). */
interface PersonClaims {
  /** When the person last proved who they are. */
  auth_time: number;
  /** How they proved it (RFC 8176). */
  amr: string[];
}

export type Role = "user" | "admin";

/** Of the tokens of our own pages. */
export interface SessionClaims extends CommonClaims, PersonClaims {
  /** The session's generation when it was issued; presenting it acknowledges that generation. */
  gen: number;
  role: Role;
}

/** The key that a token is bound to, by its thumbprint (RFC 9449 section 6.1). */
export interface Confirmation {
  jkt: string;
}

/** Of a token for a service. */
export interface ServiceClaims extends CommonClaims, Partial<PersonClaims> {
  role?: Role;
  /** What it may be used for, separated by spaces (RFC 6749 section 3.3). */
  scope?: string;
  /** Who takes it without a proof of this key takes it from whoever has copied it. */
  cnf?: Confirmation;
}

/** 1 January 2020 to the year 2106: an instant outside was not written by a working clock. */
const MIN_NUMERIC_DATE = 1_577_836_800;
const MAX_NUMERIC_DATE = 2 ** 32 - 1;
const MAX_GENERATION = 2 ** 31 - 1;
const MAX_AUDIENCES = 16;
const MAX_METHODS = 4;
/** SHA-256 in base64url (RFC 7638). */
const THUMBPRINT = /^[\w-]{43}$/;

/** RFC 6749 section 3.3. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
export const MAX_SCOPE_CHARACTERS = 1_000;

type Check = (value: unknown) => boolean;

export const isWithin = (value: unknown, from: number, to: number): boolean =>
  Number.isInteger(value) && (value as number) >= from && (value as number) <= to;

export const isIdentifier: Check = (value) =>
  typeof value === "string" && value.length >= 1 && value.length <= 255;
const isNumericDate: Check = (value) => isWithin(value, MIN_NUMERIC_DATE, MAX_NUMERIC_DATE);
export const isListOf = (value: unknown, most: number, check: Check): boolean =>
  Array.isArray(value) && value.length >= 1 && value.length <= most && value.every(check);
/** Scope tokens, one space between two. */
export const isScope: Check = (value) =>
  typeof value === "string" &&
  value.length <= MAX_SCOPE_CHARACTERS &&
  value.split(" ").every((token) => SCOPE_TOKEN.test(token));

/** Claims that every access token has. */
const COMMON_CHECKS = {
  iss: isIdentifier,
  aud: (value) => isIdentifier(value) || isListOf(value, MAX_AUDIENCES, isIdentifier),
  sub: isIdentifier,
  client_id: isIdentifier,
  exp: isNumericDate,
  nbf: isNumericDate,
  iat: isNumericDate,
  jti: isIdentifier,
  sid: isIdentifier,
} satisfies Record<keyof CommonClaims, Check>;

const PERSON_CHECKS = {
  auth_time: isNumericDate,
  amr: (value) => isListOf(value, MAX_METHODS, (method) => method === "pwd"),
} satisfies Record<keyof PersonClaims, Check>;

/** Every claim that some token of ours has. */
const CHECKS = {
  ...COMMON_CHECKS,
  ...PERSON_CHECKS,
  gen: (value) => isWithin(value, 0, MAX_GENERATION),
  role: (value) => value === "user" || value === "admin",
  scope: isScope,
  /** A binding of another kind (RFC 7800) is none that anybody here could check. */
  cnf: (value) =>
    isObject(value) && hasOnly(value, ["jkt"]) && typeof value.jkt === "string" && THUMBPRINT.test(value.jkt),
} satisfies Record<string, Check>;

type ClaimName = keyof typeof CHECKS;

/** Which claims the tokens of one kind have. A claim of another kind is refused. */
export interface ClaimRules<Claims extends CommonClaims> {
  required: readonly (ClaimName & keyof Claims)[];
  optional: readonly (ClaimName & keyof Claims)[];
  /** Claims that nobody here knows: of our own tokens there are none; others may be told more than we know of. */
  others: "refused" | "ignored";
}

/** The names of those that every access token has, and of those that are of a person. */
export const COMMON_CLAIMS = Object.keys(COMMON_CHECKS) as (keyof CommonClaims)[];
export const PERSON_CLAIMS = Object.keys(PERSON_CHECKS) as (keyof PersonClaims)[];

/** For a system that understands nothing else: no claim is there by chance, and none that it could not check. */
export const STRICT_SERVICE_CLAIMS: ClaimRules<ServiceClaims> = {
  required: COMMON_CLAIMS,
  optional: [...PERSON_CLAIMS, "role", "scope"],
  others: "refused",
};

export const SERVICE_CLAIMS: ClaimRules<ServiceClaims> = {
  ...STRICT_SERVICE_CLAIMS,
  optional: [...STRICT_SERVICE_CLAIMS.optional, "cnf"],
  others: "ignored",
};

/** The claims by these rules and no other, or null. */
export function readClaims<Claims extends CommonClaims>(
  payload: Readonly<Record<string, unknown>>,
  { required, optional, others }: ClaimRules<Claims>,
): Claims | null {
  const known: readonly string[] = [...required, ...optional];
  const claims: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(payload)) {
    if (known.includes(name)) {
      if (!CHECKS[name as ClaimName](value)) return null;
      claims[name] = value;
    } else if (Object.hasOwn(CHECKS, name) || others === "refused") return null;
  }
  return required.every((name) => name in claims) ? (claims as unknown as Claims) : null;
}
