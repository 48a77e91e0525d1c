import { headers } from "next/headers";
import { unstable_rethrow } from "next/navigation";
import type { FormState } from "@/app/_ui/form-state";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { services } from "@/lib/services";
import { toRefusal } from "./refuse";

/**
 * The named text fields of a form and nothing else, so that no other field can reach a use case. One that is missing,
 * a file, or there twice is undefined, and the schema says what is wrong.
 */
export function readFields(form: FormData, ...names: string[]): Record<string, string | undefined> {
  return Object.fromEntries(names.map((name) => [name, readField(form, name)]));
}

export function readField(form: FormData, name: string): string | undefined {
  const [value, ...others] = entriesOf(form, name);
  return typeof value === "string" && others.length === 0 ? value : undefined;
}

/** Every text that a form sends under one name, as ticked boxes do. */
export function readEach(form: FormData, name: string): string[] {
  return entriesOf(form, name).filter((value) => typeof value === "string");
}

function entriesOf(form: FormData, name: string): FormDataEntryValue[] {
  // The arguments of an action are whatever its caller sends.
  if (!(form instanceof FormData)) throw new LatchkeyError("invalid_request");
  return form.getAll(name);
}

/**
 * What a person learns of an error, with what they typed: the same as a program would (`toRefusal`).
 * Redirects of Next pass through.
 */
export async function formState(error: unknown, values: Record<string, string> = {}): Promise<FormState> {
  unstable_rethrow(error);
  const requestId = (await headers()).get("x-request-id") ?? "";
  const refusal = toRefusal(error, services(), requestId);
  const { fields } = refusal;
  return fields === undefined
    ? { status: "error", message: messageOf(refusal), values }
    : { status: "error", errors: fields, values };
}

/** The sentence for a refusal as a whole; it says how long to wait where waiting helps. */
export function messageOf({ code, message, retryAfterSeconds }: LatchkeyError): string {
  if (code !== "rate_limited" || retryAfterSeconds === undefined) return message;
  return `Too many attempts. Try again in ${durationText(retryAfterSeconds)}.`;
}

function durationText(seconds: number): string {
  const [count, unit] = seconds < 60 ? [seconds, "second"] : [Math.ceil(seconds / 60), "minute"];
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
