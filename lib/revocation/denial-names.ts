import type { DenialKind } from "./denial";

/**
 * There while Redis holds every denial, and names the run of Redis that was filled: whatever empties Redis takes it
 * along, and one that was started again from an older snapshot does not match.
 */
export const MARKER = "latchkey:denylist:filled";

/** The key of a denial in Redis; it is there as long as the denial is. */
export const keyOf = (kind: DenialKind, value: string): string => `latchkey:denied:${kind}:${value}`;
