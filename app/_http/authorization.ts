import type { AuthorizationRequest } from "@/lib/oauth/authorization-request";
import { readAuthorizationRequest } from "@/lib/oauth/authorization-request";
import { readAuthorizationParameters } from "@/lib/oauth/parameters";
import { services } from "@/lib/services";

/** Says since when a sign-in counts as the one that a request asked for; only we can have written it. */
const MARK = "sign_in_mark";

export interface Authorization {
  request: AuthorizationRequest;
  countsSince: Date | null;
  /** As it came. */
  query: string;
  /** With a mark that says that a sign-in from now on counts. */
  markedQuery: string;
}

/** The authorization request of an address of ours. Throws `OAuthError`. */
export async function readAuthorization(search: URLSearchParams): Promise<Authorization> {
  const { oauth, clock } = services();
  const parameters = readAuthorizationParameters(search);
  const mark = parameters.get(MARK);
  const asked = new URLSearchParams(search);
  asked.delete(MARK);
  // A page may have its parameters in another order than they came.
  asked.sort();
  const subject = asked.toString();
  const request = await readAuthorizationRequest(oauth, parameters);
  return {
    request,
    countsSince: mark === null ? null : oauth.marks.readMark("reauthenticate", subject, mark),
    query: search.toString(),
    markedQuery: `${subject}&${MARK}=${oauth.marks.mark("reauthenticate", subject, clock.now())}`,
  };
}
