import { KEY_STAGED_SECONDS } from "@/lib/config/durations";
import { addSeconds, type Clock, secondsBetween } from "@/lib/crypto/clock";
import type { RejectionReason } from "@/lib/tokens/verify";
import type { SigningKeyRecord } from "../signing-key";
import { CachingVerifier } from "./caching-verifier";
import type { KeyHistory } from "./key-history";
import type { KeyProcess, Token } from "./key-process";
import type { MemorySigningKeyStore } from "./memory-signing-key-store";

const MOST_TOKENS = 6;
/** No clock is further from the true one. */
const MOST_SKEW_SECONDS = 30;
/** A process that has not read its keys for longer takes no requests: it is not ready. */
const SERVES_STALE_SECONDS = 500;

interface IssuedToken extends Token {
  issuer: KeyProcess;
  issuedAt: number;
}

/** The tokens of a world and all who verify them: its processes, and services that know the JWKS alone. */
export class TokenWatch {
  /** What should never happen. */
  readonly faults: string[] = [];
  /** Of tokens that had not expired and whose key was not revoked. */
  readonly refusals: string[] = [];
  /** How often a process took a token of a key that signs no more. */
  takenAfterStop = 0;
  readonly #services: CachingVerifier[];
  #tokens: IssuedToken[] = [];

  constructor(
    private readonly processes: readonly KeyProcess[],
    private readonly store: MemorySigningKeyStore,
    private readonly history: KeyHistory,
    private readonly truth: Clock,
  ) {
    const clockOf = (skewSeconds: number): Clock => ({ now: () => addSeconds(truth.now(), skewSeconds) });
    const skews = [-MOST_SKEW_SECONDS, 0, MOST_SKEW_SECONDS];
    this.#services = skews.map((skewSeconds) => new CachingVerifier(clockOf(skewSeconds)));
  }

  add(token: Token, issuer: KeyProcess): void {
    if (this.history.knowsRevoked(issuer, token.kid)) this.faults.push("a revoked key signs");
    const expired = addSeconds(this.truth.now(), -2 * MOST_SKEW_SECONDS);
    const issued = { ...token, issuer, issuedAt: this.history.moment };
    const live = this.#tokens.filter(({ expiresAt }) => expiresAt >= expired);
    this.#tokens = [...live, issued].slice(-MOST_TOKENS);
  }

  /** Services that need a JWKS ask `server` for it. */
  async verifyAll(server: KeyProcess): Promise<void> {
    for (const token of this.#tokens) {
      for (const process of this.processes) await this.#verifyAt(process, token);
      if (token.algorithm === "HS256") continue;
      for (const service of this.#services) await this.#verifyOutside(service, server, token);
    }
  }

  async #verifyAt(process: KeyProcess, token: IssuedToken): Promise<void> {
    const verification = await process.verify(token);
    if (verification === null) return;
    if (!verification.ok) {
      if (!this.#mayRefuse(process, token, verification.reason)) {
        this.refusals.push(`a process: ${verification.reason}`);
      }
      return;
    }
    if (this.history.knowsRevoked(process, token.kid)) this.faults.push("a revoked key is accepted");
    if (this.#rowOf(token)?.state === "retiring") this.takenAfterStop += 1;
  }

  #mayRefuse(process: KeyProcess, token: IssuedToken, reason: RejectionReason): boolean {
    if (this.history.isRevoked(token.kid) || process.clock.now() >= token.expiresAt) return true;
    if (reason === "not_yet_valid") return token.issuer.settings.skewSeconds > process.settings.skewSeconds;
    // A secret verifies only where the application secret is known that it is sealed under.
    const known = process.keys?.keyring.keys.find(({ kid }) => kid === token.kid);
    if (token.algorithm === "HS256" && known?.standing === "foreign") return true;
    // The first key of its algorithm, of which this process has not read yet.
    return reason === "algorithm" && this.history.lastRead(process) <= token.issuedAt;
  }

  async #verifyOutside(service: CachingVerifier, server: KeyProcess, token: IssuedToken): Promise<void> {
    if (service.needsJwks) await this.#serveJwks(server, service);
    if (service.needsJwks) return;
    const reason = await service.verify(token.text);
    const row = this.#rowOf(token);
    const mayRefuse =
      row === undefined ||
      isHurried(row) ||
      this.history.isRevoked(token.kid) ||
      service.clock.now() >= token.expiresAt;
    if (reason !== null && !mayRefuse) this.refusals.push(`a service: ${reason}`);
  }

  async #serveJwks(server: KeyProcess, service: CachingVerifier): Promise<void> {
    if (server.keys === null || this.history.secondsSinceRead(server) > SERVES_STALE_SECONDS) {
      await this.history.read(server, () => server.poll());
    }
    if (server.keys === null) return;
    const { jwks } = server.keys.keyring;
    for (const kid of this.history.revoked) {
      const isPublished = jwks.body.includes(kid) && this.history.knowsRevoked(server, kid);
      if (isPublished) this.faults.push("a revoked key is published");
    }
    service.receive(jwks);
  }

  #rowOf({ kid }: Token): SigningKeyRecord | undefined {
    return this.store.rows.find((row) => row.kid === kid);
  }
}

/** Whether a key signed before every service could have heard of it. */
export const isHurried = ({ createdAt, activatedAt }: SigningKeyRecord): boolean =>
  activatedAt !== null && secondsBetween(createdAt, activatedAt) < KEY_STAGED_SECONDS;
