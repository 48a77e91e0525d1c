/**
 * A document was not fetched or is not what was asked for, or a form was not accepted. The message is a sentence for an
 * administrator: it has nothing in it of what was answered.
 */
export class FetchRefusedError extends Error {
  override readonly name = "FetchRefusedError";

  constructor(
    message: string,
    /** Of an answer that was refused for it; null for every other refusal. */
    readonly status: number | null = null,
  ) {
    super(message);
  }
}

/** By name, not by class: the server bundles hold copies of this file. */
export const isFetchRefused = (error: unknown): error is FetchRefusedError =>
  error instanceof Error && error.name === "FetchRefusedError";
