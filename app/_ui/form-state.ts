/** What a server action answers to the form that called it. */
export type FormState = {
  status: "idle" | "ok" | "error";
  message?: string;
  /** Field name -> sentence. */
  errors?: Record<string, string>;
  /** What was typed, to fill the form again without JavaScript. Never a password. */
  values?: Record<string, string>;
  /** Where to go about the message, as to confirm who one is. */
  link?: { href: string; label: string };
  /** Something to take along that is shown this once, as a one-time link. */
  copy?: { label: string; value: string; hint: string };
};

export type FormAction = (state: FormState, formData: FormData) => Promise<FormState>;

export const IDLE: FormState = { status: "idle" };

/**
 * The named text fields of a form, for `FormState.values`; an absent one (an unticked box) is "". None of what is no
 * form: the arguments of an action are whatever its caller sends.
 */
export function typedValues(formData: FormData, ...names: string[]): Record<string, string> {
  if (!(formData instanceof FormData)) return {};
  return Object.fromEntries(names.map((name) => [name, textOf(formData.get(name))]));
}

function textOf(entry: FormDataEntryValue | null): string {
  return typeof entry === "string" ? entry : "";
}
