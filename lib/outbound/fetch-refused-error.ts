/**
 * A document was not fetched, or is not what was asked for. The message is a sentence for an administrator: it has
 * nothing in it of what was answered.
 */
export class FetchRefusedError extends Error {
  override readonly name = "FetchRefusedError";
}

/** By name, not by class: the server bundles hold copies of this file. */
export const isFetchRefused = (error: unknown): error is FetchRefusedError =>
  error instanceof Error && error.name === "FetchRefusedError";
