import { unstable_isUnrecognizedActionError, unstable_rethrow } from "next/navigation";
import type { FormState } from "./form-state";

/** Why a call did not come to an answer, and what to say of it. */
export const CALL_FAILURES = {
  unreached: "Nothing was lost. Check your connection and try again.",
  unavailable: "Not available for a moment. Nothing was lost; try again.",
  broken: "Something went wrong on our side. Nothing was lost; try again.",
  outdated: "Latchkey was updated while this page was open. Copy what you typed, then reload the page.",
  signedOut:
    "You are signed out. Sign in again in another tab, then come back and try again: what you typed is still here.",
} as const;

export type CallFailure = keyof typeof CALL_FAILURES;

/** The action's answer, or an error state when the call itself failed: never a thrown error, redirects excepted. */
export async function callAction(call: () => Promise<FormState>): Promise<FormState> {
  try {
    return await call();
  } catch (error) {
    return { status: "error", message: CALL_FAILURES[callFailure(error)] };
  }
}

/** What an error of an action's call means. Passes on redirects of Next. */
export function callFailure(error: unknown): CallFailure {
  unstable_rethrow(error);
  if (unstable_isUnrecognizedActionError(error)) return "outdated";
  if (!(error instanceof Error)) return "unreached";
  // Next uses the body of a text/plain refusal as the message: middleware answers with the bare code.
  if (error.message === "not_authenticated") return "signedOut";
  if (error.message === "unavailable") return "unavailable";
  return "digest" in error ? "broken" : "unreached";
}
