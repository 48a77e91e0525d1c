import { unstable_isUnrecognizedActionError, unstable_rethrow } from "next/navigation";
import type { FormAction, FormState } from "./form-state";

const UNREACHED = "Nothing was lost. Check your connection and try again.";
const BROKEN = "Something went wrong on our side. Nothing was lost; try again.";
const OUTDATED = "Latchkey was updated while this page was open. Copy what you typed, then reload the page.";
const SIGNED_OUT =
  "You are signed out. Sign in again in another tab, then come back and try again: what you typed is still here.";

/** The action's answer, or an error state when the call itself failed: never a thrown error, redirects excepted. */
export async function callAction(
  action: FormAction,
  state: FormState,
  formData: FormData,
): Promise<FormState> {
  try {
    return await action(state, formData);
  } catch (error) {
    unstable_rethrow(error);
    return { status: "error", message: explain(error) };
  }
}

function explain(error: unknown): string {
  if (unstable_isUnrecognizedActionError(error)) return OUTDATED;
  if (!(error instanceof Error)) return UNREACHED;
  // Next uses the body of a text/plain refusal as the message: middleware answers 401 with the bare code.
  if (error.message === "not_authenticated") return SIGNED_OUT;
  return "digest" in error ? BROKEN : UNREACHED;
}
