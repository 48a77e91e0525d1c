import { addSeconds } from "../../../lib/crypto/clock";
import type { PublishedKeys } from "../deployment";
import type { Refusal } from "./caching-verifier";
import { type HeldToken, HeldTokens } from "./held-tokens";
import { type AnnouncedRotation, nothingSeen, type Seen } from "./seen";

/** Rounds before the rotation is asked for: tokens of the former key, at a verifier that has read the JWKS. */
const ROUNDS_BEFORE = 3;

/** Rounds after the switch where the former tokens are not followed until they expire. */
const ROUNDS_AFTER = 5;

/** A key that does not sign so long after its time does not sign. */
const LATE_SECONDS = 60;

export interface DrillParts {
  /** By the database's clock. */
  now(): Date;
  readKeys(): Promise<PublishedKeys>;
  visitor: {
    readonly accessToken: string | null;
    /** False: the session has ended. */
    refresh(): Promise<boolean>;
    isSignedIn(): Promise<boolean>;
  };
  verifier: { verifyAll(tokens: readonly string[], now: Date): Promise<Refusal[]> };
  requestRotation(): Promise<Pick<AnnouncedRotation, "kid" | "stagedAt" | "signsFrom">>;
  /** Between two rounds. */
  pause(): Promise<void>;
  isStopped(): boolean;
  onRound(drill: RotationDrill): void;
}

/**
 * Rotates, and meanwhile renews a session round after round and verifies every token it has had until that expires.
 * Over when the last token of the former key has expired, or with `untilSwitch` soon after the new key has begun to sign;
 * and when the session ends, the new key does not come, or it is stopped.
 */
export class RotationDrill {
  readonly seen: Seen;
  readonly #tokens = new HeldTokens();
  #rounds = 0;
  #roundsAfter = 0;

  constructor(
    private readonly parts: DrillParts,
    private readonly untilSwitch: boolean,
  ) {
    this.seen = nothingSeen(parts.now());
  }

  async run(): Promise<void> {
    while (!this.#isOver()) {
      await this.#round();
      if (this.seen.rotation === null && this.#rounds >= ROUNDS_BEFORE) await this.#rotate();
      this.parts.onRound(this);
      if (!this.#isOver()) await this.parts.pause();
    }
  }

  /** When the last of the former key's tokens expires; null where none is held. */
  get formerTokensUntil(): Date | null {
    return this.#former.at(-1)?.expiresAt ?? null;
  }

  #isOver(): boolean {
    const { rotation, switchedAt, isSignedOut, now } = this.seen;
    if (isSignedOut || this.parts.isStopped()) return true;
    if (rotation === null) return false;
    if (switchedAt === null) return now > addSeconds(rotation.signsFrom, LATE_SECONDS);
    return this.untilSwitch ? this.#roundsAfter >= ROUNDS_AFTER : this.#former.length === 0;
  }

  async #rotate(): Promise<void> {
    const { newest } = this.#tokens;
    if (newest === null) return;
    const requestedAt = this.parts.now();
    this.seen.rotation = { requestedAt, formerKid: newest.kid, ...(await this.parts.requestRotation()) };
  }

  async #round(): Promise<void> {
    const { seen } = this;
    await this.#readKeys();
    await this.#visit("refresh");
    // Which acknowledges the token; one that is refused is renewed on the way.
    if (!seen.isSignedOut) await this.#visit("isSignedIn");
    await this.#verify();
    this.#rounds += 1;
    if (seen.switchedAt !== null) this.#roundsAfter += 1;
  }

  #readKeys(): Promise<void> {
    return this.#attempt(async () => {
      const askedAt = this.parts.now();
      const keys = await this.parts.readKeys();
      this.seen.documents.push({ askedAt, at: this.parts.now(), ...keys });
    });
  }

  #visit(what: "refresh" | "isSignedIn"): Promise<void> {
    const { seen, parts } = this;
    return this.#attempt(async () => {
      seen.isSignedOut = !(await parts.visitor[what]());
      if (parts.visitor.accessToken !== null) this.#hold(parts.visitor.accessToken);
    });
  }

  /** A request that failed is counted, and made again in the next round. */
  async #attempt(request: () => Promise<void>): Promise<void> {
    const { seen } = this;
    seen.requests += 1;
    try {
      await request();
    } catch (error) {
      seen.requestFailures += 1;
      seen.firstRequestFailure ??= error instanceof Error ? error.message : String(error);
    }
  }

  #hold(text: string): void {
    const { seen } = this;
    const token = this.#tokens.add(text);
    if (token === null) return;
    seen.tokens += 1;
    if (seen.switchedAt !== null || token.kid !== seen.rotation?.kid) return;
    seen.switchedAt = this.parts.now();
    seen.formerTokens.held = this.#former.length;
  }

  async #verify(): Promise<void> {
    const { seen, parts } = this;
    seen.now = parts.now();
    const expired = this.#tokens.letExpire(seen.now);
    seen.formerTokens.outlived += expired.filter((token) => this.#isFollowed(token)).length;
    const tokens = this.#tokens.all;
    const texts = tokens.map(({ text }) => text);
    const refusals = await parts.verifier.verifyAll(texts, seen.now);
    for (const [index, token] of tokens.entries()) this.#count(token, refusals[index] ?? null);
  }

  #count(token: HeldToken, refusal: Refusal): void {
    const { seen } = this;
    const isFollowed = this.#isFollowed(token);
    if (refusal === null) {
      seen.verified += 1;
      seen.formerTokens.verified += isFollowed ? 1 : 0;
      return;
    }
    seen.failed += 1;
    seen.formerTokens.failed += isFollowed ? 1 : 0;
    seen.unknownKids += refusal.isUnknownKid ? 1 : 0;
    seen.firstFailure ??= refusal.says;
  }

  get #former(): readonly HeldToken[] {
    return this.#tokens.of(this.seen.rotation?.formerKid ?? "");
  }

  /** Of the former key, after the switch. */
  #isFollowed({ kid }: HeldToken): boolean {
    return this.seen.switchedAt !== null && kid === this.seen.rotation?.formerKid;
  }
}
