import { OAuthError } from "./oauth-error";

/** The parameters of a request. One that was sent without a value counts as left out (RFC 6749 section 3.1). */
export interface Parameters {
  /** Compared exactly. Null: not sent. */
  get(name: string): string | null;
}

/** Those of an authorization request. One that has a fault counts as left out. */
export interface AuthorizationParameters extends Parameters {
  /** The first one, for whoever knows where the client hears of it (RFC 6749 section 4.1.2.1). */
  readonly fault: OAuthError | null;
}

const MAX_PARAMETERS = 64;
const MAX_PARAMETER_CHARACTERS = 4_096;
/** What has a limit and an error of its own: too long a scope is an invalid one, and an encrypted token is longer. */
const LONG_PARAMETERS = new Set(["scope", "token"]);
const MAX_LONG_CHARACTERS = 16_384;

/** The replacement character stands where escapes were no UTF-8: whoever sent them would get back another `state`. */
const NO_TEXT = /[\p{Cc}\ufffd]/u;
/** What may be repeated in a description. */
const PLAIN_NAME = /^\w{1,64}$/;

/** What says who hears of a fault. */
const OF_THE_ADDRESS = new Set(["client_id", "redirect_uri", "request_uri"]);

/**
 * The parameters of a query or a form. Throws `invalid_request` where one is sent twice, which other parsers read in two
 * ways (RFC 6749 section 3.1), is longer than 4096 characters (a scope or a token: 16,384) or has a control character in it, known or not, and where
 * there are more than 64. Beyond that unknown ones are in nobody's way. Throws `invalid_target` where the fault is of a
 * `resource` (RFC 8707 section 2).
 */
export function readParameters(search: URLSearchParams): Parameters {
  const { get, fault } = readAuthorizationParameters(search);
  if (fault !== null) throw fault;
  return Object.freeze({ get });
}

/** The same of an authorization request, with the fault held; throws that of `client_id`, `redirect_uri` or `request_uri`. */
export function readAuthorizationParameters(search: URLSearchParams): AuthorizationParameters {
  const values = new Map<string, string>();
  let fault = search.size > MAX_PARAMETERS ? tooMany() : null;
  for (const [name, value] of search) {
    const problem = values.has(name) ? "was sent more than once" : problemOf(name, value);
    values.set(name, problem === null ? value : "");
    if (problem === null) continue;
    const found = faultOf(name, problem);
    if (OF_THE_ADDRESS.has(name)) throw found;
    fault ??= found;
  }
  return Object.freeze({ get: (name: string) => values.get(name) || null, fault });
}

const tooMany = () => new OAuthError("invalid_request", `More than ${MAX_PARAMETERS} parameters were sent.`);

const faultOf = (name: string, problem: string) =>
  new OAuthError(name === "resource" ? "invalid_target" : "invalid_request", `${called(name)} ${problem}.`);

function problemOf(name: string, value: string): string | null {
  const most = LONG_PARAMETERS.has(name) ? MAX_LONG_CHARACTERS : MAX_PARAMETER_CHARACTERS;
  if (Math.max(name.length, value.length) > most) return `is longer than ${most} characters`;
  return NO_TEXT.test(name) || NO_TEXT.test(value) ? "has characters in it that are no text" : null;
}

const called = (name: string): string =>
  PLAIN_NAME.test(name) ? `The parameter ${name}` : "A parameter of another name";
