import { toNumericDate } from "@/lib/crypto/clock";
import type { Confirmation, ServiceClaims } from "@/lib/tokens/claims";
import { TokenVerifier } from "@/lib/tokens/token-verifier";
import { type Refusal, refusal } from "./challenge";
import type { Rejection, VerifierOptions } from "./options";
import { importDecryptionKey, importSecret } from "./own-keys";
import { readOptions, type VerifierSettings } from "./read-options";
import { openRemoteKeys, type RemoteKeys } from "./remote-keys";
import { findShortfall, type Requirements, readRequirements } from "./requirements";
import { openRevocationFeed } from "./revocation-feed";
import { createRevocations, type IsDenied, type Revocations } from "./revocations";
import type { Admit, PresentedRequest } from "./scheme";
import { openSharedRedis } from "./shared-redis";

/**
 * What a verified token says. A person is known by `iss` and `sub` together, and by nothing else. A token that a client
 * got for itself is about no person: its `sub` is its `client_id`, and it has no `auth_time` and no `amr`.
 */
export type Claims = Readonly<Omit<ServiceClaims, "aud" | "amr" | "cnf">> & {
  readonly aud: string | readonly string[];
  readonly amr?: readonly string[];
  readonly cnf?: Readonly<Confirmation>;
};

export interface Accepted {
  ok: true;
  claims: Claims;
}

export interface Failed {
  ok: false;
  error: "invalid_token" | "unavailable";
}

export type Verification = Accepted | Failed;

/**
 * The claims of a request by its Authorization header, or the answer to send. A token that is bound to a key is taken
 * with the request alone, and by a verifier with `dpop`.
 */
export type Guard = (
  authorization: string | null | undefined,
  request?: PresentedRequest,
) => Promise<Accepted | Refusal>;

/** Checks the tokens of one audience. Nothing that a caller sends makes it reject. */
export interface Verifier {
  /**
   * `unavailable` when the keys or the revocations cannot be known: no token is accepted then. By itself one that is
   * bound to a key is not accepted either, since it does not show who sent it.
   */
  verify(token: string): Promise<Verification>;
  /**
   * The same from an Authorization header; a refusal is an answer to send (RFC 6750, RFC 9449, RFC 9470). Rejects with
   * a `TypeError` for requirements that are wrong themselves.
   */
  authenticate(
    authorization: string | null | undefined,
    requirements?: Requirements,
    request?: PresentedRequest,
  ): Promise<Accepted | Refusal>;
  /** The same for one route: requirements that are wrong throw at once. */
  guard(requirements?: Requirements): Guard;
  /** Resolves when keys and revocations are there; rejects with the reason when they cannot be had for now. */
  ready(): Promise<void>;
  /** Ends what goes on in the background. Tokens may be refused afterwards. */
  close(): void;
}

/** Throws a `TypeError` with one sentence for an option that is wrong. */
export function createVerifier(options: VerifierOptions): Verifier {
  const settings = readOptions(options);
  const { clock, clockToleranceSeconds, jwks, dpop, onRejected, onProblem } = settings;
  /** None where all keys are this service's own. */
  const keys = jwks && openRemoteKeys({ ...settings, ...jwks });
  const revocations = openRevocations(settings);
  let tokens: TokenVerifier<ServiceClaims> | undefined;
  const opening = openTokens(settings, keys);
  opening.catch(({ message }) => onProblem(message));

  const refuse = (reason: Rejection): Failed => {
    onRejected(reason);
    return { ok: false, error: reason.endsWith("_unavailable") ? "unavailable" : "invalid_token" };
  };

  const decide = (claims: Claims, isDenied: IsDenied): Verification => {
    if (isDenied === false) return { ok: true, claims };
    return refuse(isDenied === true ? "denied" : "revocations_unavailable");
  };

  const verify = async (token: string | undefined, isBound = false): Promise<Verification> => {
    if (typeof token !== "string") return refuse("malformed");
    try {
      // Nearly always there is nothing to wait for, and waiting for nothing takes longer than all the rest.
      const waiting = keys?.settle();
      if (waiting) await waiting;
      tokens ??= await opening;
      const verification = tokens.recall(token) ?? (await tokens.verify(token));
      if (!verification.ok) return refuse(verification.reason);
      const { claims, kid } = verification;
      if (isBound !== "cnf" in claims) return refuse("binding");
      const answer = revocations.isDenied({ jti: claims.jti, sid: claims.sid, kid });
      return decide(claims, typeof answer === "object" ? await answer : answer);
    } catch {
      // Nothing of the token is thrown: a key is missing that would decide.
      return refuse("keys_unavailable");
    }
  };

  const guard = (requirements?: Requirements): Guard => {
    const demands = readRequirements(requirements);
    const admit: Admit = async (token, isBound) => {
      if (token === null) return refusal("not_authenticated", demands);
      const verification = await verify(token, isBound);
      if (!verification.ok) return refusal(verification.error, demands);
      const nowSeconds = toNumericDate(clock.now());
      const shortfall = findShortfall(verification.claims, demands, clockToleranceSeconds, nowSeconds);
      return shortfall === null ? verification : refusal(shortfall, demands);
    };
    return dpop(admit, settings);
  };

  return {
    verify: (token) => verify(token),
    guard,
    authenticate: async (authorization, requirements, request) => guard(requirements)(authorization, request),
    async ready() {
      await Promise.all([opening, keys?.settle(), revocations.ready()]);
    },
    close() {
      keys?.close();
      revocations.close();
    },
  };
}

function openRevocations({ revocation, ...settings }: VerifierSettings): Revocations {
  if (revocation === "none") return createRevocations(() => false);
  if ("redis" in revocation) return openSharedRedis(revocation.redis);
  const url = `${settings.issuer}/api/revocations`;
  return openRevocationFeed({ ...settings, ...revocation.feed, url });
}

/** Imports keys of this service first, where there are any. */
async function openTokens(
  settings: VerifierSettings,
  remote: RemoteKeys | undefined,
): Promise<TokenVerifier<ServiceClaims>> {
  const { algorithm, clock, secrets = [], decryptionKeys = [] } = settings;
  const own = await Promise.all(secrets.map(importSecret));
  return new TokenVerifier(
    {
      ...settings,
      algorithms: new Set([algorithm]),
      findKey: async (kid) => remote?.findKey(kid) ?? own.find((key) => key.kid === kid) ?? null,
      decryptionKeys: (await Promise.all(decryptionKeys.map(importDecryptionKey))).flat(),
    },
    remote ?? { version: 0 },
    clock,
  );
}
