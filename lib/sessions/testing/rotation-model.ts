import { IDLE_SECONDS, MAX_SECONDS } from "./session-harness";

const OVERLAP_SECONDS = 30;
const RECOVERY_WINDOW = 20;

/** The table of acknowledged rotation in the fewest words, to hold the code against. Seconds since the login. */
export class RotationModel {
  generation = 0;
  isEnded = false;
  #rotatedAt = Number.NEGATIVE_INFINITY;
  #acknowledged = 0;
  #acknowledgedAt = Number.NEGATIVE_INFINITY;
  #recovered: number | null = null;
  #userAgent: string;
  #idleAt = IDLE_SECONDS;

  constructor(userAgent: string) {
    this.#userAgent = userAgent;
  }

  isLive(at: number): boolean {
    return !this.isEnded && at < this.#idleAt && at < MAX_SECONDS;
  }

  /** An access token of this generation is presented. */
  use(generation: number, at: number): void {
    if (this.isEnded || generation !== this.generation || this.#acknowledged >= generation) return;
    this.#acknowledged = generation;
    this.#acknowledgedAt = at;
  }

  /** The generation that the caller gets, or null. */
  refresh(generation: number, userAgent: string, at: number): number | null {
    if (!this.isLive(at)) return null;
    if (generation === this.generation) return this.#rotate(userAgent, at);
    const isSeen = this.#acknowledged === this.generation;
    if (generation === this.generation - 1) {
      if (at - this.#rotatedAt < OVERLAP_SECONDS) return this.generation;
      if (isSeen && at - this.#acknowledgedAt < OVERLAP_SECONDS) return this.generation;
      const again = this.#recovered === null || this.#recovered === this.generation;
      const isRare = again || this.generation - (this.#recovered ?? 0) > RECOVERY_WINDOW;
      if (!isSeen && isRare && userAgent === this.#userAgent) {
        this.#recovered = this.generation;
        return this.generation;
      }
    }
    this.isEnded = true;
    return null;
  }

  #rotate(userAgent: string, at: number): number {
    this.generation += 1;
    this.#rotatedAt = at;
    this.#userAgent = userAgent;
    this.#idleAt = Math.min(at + IDLE_SECONDS, MAX_SECONDS);
    return this.generation;
  }
}
