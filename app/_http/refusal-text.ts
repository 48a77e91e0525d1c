import type { FormState } from "@/app/_ui/form-state";
import type { LatchkeyError } from "@/lib/errors/latchkey-error";

/** What a form says of a refusal: what is wrong with its fields, or else one sentence. */
export function explainRefusal(refusal: LatchkeyError): Pick<FormState, "message" | "errors"> {
  return refusal.fields === undefined ? { message: messageOf(refusal) } : { errors: refusal.fields };
}

/** The sentence of the catalogue; it says how long to wait where waiting helps. */
function messageOf({ code, message, retryAfterSeconds }: LatchkeyError): string {
  if (code !== "rate_limited" || retryAfterSeconds === undefined) return message;
  return `Too many attempts. Try again in ${durationText(retryAfterSeconds)}.`;
}

function durationText(seconds: number): string {
  const [count, unit] = seconds < 60 ? [seconds, "second"] : [Math.ceil(seconds / 60), "minute"];
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
