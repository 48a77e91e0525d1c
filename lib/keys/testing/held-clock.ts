import type { Clock } from "@/lib/crypto/clock";

/** A clock that stands still until a test moves it. */
export class HeldClock implements Clock {
  #instantMs: number;

  constructor(start: Date) {
    this.#instantMs = start.getTime();
  }

  now(): Date {
    return new Date(this.#instantMs);
  }

  moveTo(instant: Date): void {
    this.#instantMs = instant.getTime();
  }

  advanceSeconds(seconds: number): void {
    this.#instantMs += seconds * 1000;
  }
}
