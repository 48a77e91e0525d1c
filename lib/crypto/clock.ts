/** The only source of the present, so that a test can hold it. */
export interface Clock {
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };

export const addSeconds = (instant: Date, seconds: number): Date =>
  new Date(instant.getTime() + seconds * 1000);

export const earlierOf = (one: Date, other: Date): Date => new Date(Math.min(one.getTime(), other.getTime()));

export const laterOf = (one: Date, other: Date): Date => new Date(Math.max(one.getTime(), other.getTime()));

/** NumericDate (RFC 7519 section 2): whole seconds since the epoch, rounded down. */
export const toNumericDate = (instant: Date): number => Math.floor(instant.getTime() / 1000);

export const secondsBetween = (from: Date, to: Date): number => (to.getTime() - from.getTime()) / 1000;
