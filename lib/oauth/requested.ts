import { type Client, EMAIL, OFFLINE_ACCESS, OPENID } from "./client";
import type { OAuthDependencies } from "./dependencies";
import { OAuthError } from "./oauth-error";
import type { Parameters } from "./parameters";
import { formatScope, isWithin, parseScope, wordsOf } from "./scope";
import { userinfoAudience } from "./userinfo-audience";

/**
 * The scope that is asked for. Where none is: all that the client is registered for, but for staying connected, which
 * has to be asked for (RFC 6749 section 3.3). Throws `invalid_scope`.
 */
export function requireScope(client: Pick<Client, "scope">, parameters: Parameters): string[] {
  const registered = wordsOf(client.scope);
  const asked = parameters.get("scope");
  if (asked === null) return registered.filter((word) => word !== OFFLINE_ACCESS);
  const words = parseScope(asked);
  if (words === null) throw new OAuthError("invalid_scope", "scope is not words separated by one space.");
  if (isWithin(words, registered)) return words;
  throw new OAuthError("invalid_scope", "The client is not registered for all of this scope.");
}

const PERSONS = [OPENID, EMAIL, OFFLINE_ACCESS];

/** The same where no person is: words about one are not part of it unless they are asked for. Throws `invalid_scope`. */
export function requireServiceScope(client: Pick<Client, "scope">, parameters: Parameters): string {
  const isPersons = (word: string) => PERSONS.includes(word);
  if (parameters.get("scope") === null)
    return formatScope(wordsOf(client.scope).filter((word) => !isPersons(word)));
  const words = requireScope(client, parameters);
  if (!words.some(isPersons)) return formatScope(words);
  throw new OAuthError("invalid_scope", "openid, email and offline_access are about a person.");
}

/** The one service that a token is asked for (RFC 8707 section 2), or the client's first. Throws `invalid_target`. */
export function requireAudience(
  { issuer }: Pick<OAuthDependencies, "issuer">,
  { audiences }: Pick<Client, "audiences">,
  parameters: Parameters,
): string {
  const [first = userinfoAudience(issuer)] = audiences;
  const asked = parameters.get("resource") ?? first;
  if (asked === first || audiences.includes(asked)) return asked;
  throw new OAuthError("invalid_target", "The client is not registered for this service.");
}
