import { ID_TOKEN_SECONDS } from "@/lib/config/durations";
import { toNumericDate } from "@/lib/crypto/clock";
import type { Session } from "@/lib/sessions/session";
import { personClaims, signJwt } from "@/lib/tokens/issue";
import type { Client } from "./client";
import type { OAuthDependencies } from "./dependencies";

/**
 * An ID token (OpenID Connect Core section 2): that this person has signed in, for the client alone. Its `typ` is not an
 * access token's, so that neither is taken for the other (RFC 8725bis section 3.11). Writes nothing.
 */
export async function issueIdToken(
  { issuer, findSigner, clock }: Pick<OAuthDependencies, "issuer" | "findSigner" | "clock">,
  client: Pick<Client, "id" | "algorithm">,
  grant: Pick<Session, "id" | "userId" | "authenticatedAt">,
  nonce: string | null,
): Promise<string> {
  const iat = toNumericDate(clock.now());
  const claims = {
    iss: issuer,
    sub: grant.userId,
    aud: client.id,
    exp: iat + ID_TOKEN_SECONDS,
    iat,
    ...personClaims(grant.authenticatedAt),
    sid: grant.id,
    ...(nonce === null ? {} : { nonce }),
  };
  return signJwt(claims, ID_TOKEN_TYPE, await findSigner(client.algorithm));
}

/** What clients everywhere expect; none of our access tokens has it. */
export const ID_TOKEN_TYPE = "JWT";
