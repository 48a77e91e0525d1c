import { toNumericDate } from "@/lib/crypto/clock";
import type { ServiceClaims } from "@/lib/tokens/claims";
import { TokenVerifier } from "@/lib/tokens/token-verifier";
import type { Verification as TokenVerification, VerifiedToken } from "@/lib/tokens/verify";
import { type Refusal, readBearer, refusal } from "./challenge";
import type { Rejection, VerifierOptions } from "./options";
import { importDecryptionKeys, SecretKeys } from "./own-keys";
import { readOptions, type VerifierSettings } from "./read-options";
import { KeysUnavailableError, RemoteKeys } from "./remote-keys";
import { findShortfall, type Requirements, readRequirements } from "./requirements";
import { openRevocations, type Revocations } from "./revocations";

/** What a verified token says. A person is known by `iss` and `sub` together, and by nothing else. */
export type Claims = Readonly<ServiceClaims>;

export interface Accepted {
  ok: true;
  claims: Claims;
}

export interface Failed {
  ok: false;
  error: "invalid_token" | "unavailable";
}

export type Verification = Accepted | Failed;

/** Checks the tokens of one audience. Nothing that a caller sends makes it reject. */
export interface Verifier {
  /** `unavailable` when the keys or the revocations cannot be known: no token is accepted then. */
  verify(token: string): Promise<Verification>;
  /**
   * The same from an Authorization header; a refusal is an answer to send (RFC 6750, RFC 9470). Rejects with a
   * `TypeError` for requirements that are wrong themselves.
   */
  authenticate(
    authorization: string | null | undefined,
    requirements?: Requirements,
  ): Promise<Accepted | Refusal>;
  /** Resolves when keys and revocations are there; rejects with the reason when they cannot be had for now. */
  ready(): Promise<void>;
  /** Ends what goes on in the background. Tokens may be refused afterwards. */
  close(): void;
}

/** Throws a `TypeError` with one sentence for an option that is wrong. */
export const createVerifier = (options: VerifierOptions): Verifier => new KitVerifier(readOptions(options));

class KitVerifier implements Verifier {
  readonly #settings: VerifierSettings;
  readonly #keys: RemoteKeys | SecretKeys;
  readonly #revocations: Revocations;
  /** Imports keys of this service first, where there are any. */
  readonly #opening: Promise<TokenVerifier<ServiceClaims>>;
  #tokens: TokenVerifier<ServiceClaims> | null = null;

  constructor(settings: VerifierSettings) {
    this.#settings = settings;
    this.#keys = openKeys(settings);
    this.#revocations = openRevocations(settings);
    this.#opening = openTokens(settings, this.#keys);
    this.#opening.then(
      (tokens) => {
        this.#tokens = tokens;
      },
      // Whoever waits for it hears of it.
      () => undefined,
    );
  }

  async verify(token: string): Promise<Verification> {
    if (typeof token !== "string") return this.#refuse("malformed");
    try {
      const waiting = this.#keys.settle();
      if (waiting !== null) await waiting;
      const tokens = this.#tokens ?? (await this.#opening);
      // Nearly always there is nothing to wait for, and waiting for nothing takes longer than all the rest.
      const verification = tokens.recall(token) ?? frozen(await tokens.verify(token));
      if (!verification.ok) return this.#refuse(verification.reason);
      const verdict = this.#checkRevocation(verification);
      return verdict instanceof Promise ? await verdict : verdict;
    } catch (error) {
      if (error instanceof KeysUnavailableError) return this.#refuse("keys_unavailable");
      throw error;
    }
  }

  async authenticate(
    authorization: string | null | undefined,
    requirements?: Requirements,
  ): Promise<Accepted | Refusal> {
    const demands = readRequirements(requirements);
    const token = readBearer(authorization);
    if (token === null) return refusal("not_authenticated", demands);
    const verification = token === undefined ? this.#refuse("malformed") : await this.verify(token);
    if (!verification.ok) return refusal(verification.error, demands);
    const { clock, clockToleranceSeconds } = this.#settings;
    const nowSeconds = toNumericDate(clock.now());
    const shortfall = findShortfall(verification.claims, demands, clockToleranceSeconds, nowSeconds);
    return shortfall === null ? verification : refusal(shortfall, demands);
  }

  async ready(): Promise<void> {
    await Promise.all([this.#opening, this.#keys.ready(), this.#revocations.ready()]);
  }

  close(): void {
    this.#keys.close();
    this.#revocations.close();
  }

  #checkRevocation({ claims, kid }: VerifiedToken<ServiceClaims>): Verification | Promise<Verification> {
    const denied = this.#revocations.isDenied({ jti: claims.jti, sid: claims.sid, kid });
    const conclude = (answer: boolean | "unknown"): Verification => {
      if (answer === false) return { ok: true, claims };
      return this.#refuse(answer === true ? "denied" : "revocations_unavailable");
    };
    return typeof denied === "object" ? denied.then(conclude) : conclude(denied);
  }

  #refuse(reason: Rejection): Failed {
    this.#settings.onRejected(reason);
    return { ok: false, error: reason.endsWith("_unavailable") ? "unavailable" : "invalid_token" };
  }
}

const openKeys = ({
  profile,
  secrets,
  algorithm,
  jwks,
  fetch,
  clock,
  onProblem,
}: VerifierSettings): RemoteKeys | SecretKeys =>
  profile.keySource === "audience"
    ? new SecretKeys(secrets)
    : new RemoteKeys(algorithm, { ...jwks, fetch, clock, onProblem });

async function openTokens(
  settings: VerifierSettings,
  keys: RemoteKeys | SecretKeys,
): Promise<TokenVerifier<ServiceClaims>> {
  const { issuer, audience, profile, algorithm, clockToleranceSeconds, clock } = settings;
  const { encryption } = profile;
  const rules = {
    issuer,
    audience,
    profile,
    clockToleranceSeconds,
    algorithms: new Set([algorithm]),
    findKey: (kid: string) => keys.findKey(kid),
    decryptionKeys:
      encryption === null ? [] : await importDecryptionKeys(settings.decryptionKeys, encryption),
  };
  return new TokenVerifier(rules, keys, clock);
}

/** The next request with the same token gets the same claims: what one handler writes, another would believe. */
function frozen(verification: TokenVerification<ServiceClaims>): TokenVerification<ServiceClaims> {
  if (verification.ok) {
    for (const part of [verification.claims.amr, verification.claims.aud, verification.claims])
      Object.freeze(part);
  }
  return verification;
}
