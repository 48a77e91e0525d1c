/** What a server action answers to the form that called it. */
export type FormState = {
  status: "idle" | "ok" | "error";
  message?: string;
  /** Field name -> sentence. */
  errors?: Record<string, string>;
  /** What was typed, to fill the form again without JavaScript. Never a password. */
  values?: Record<string, string>;
};

export type FormAction = (state: FormState, formData: FormData) => Promise<FormState>;

export const IDLE: FormState = { status: "idle" };

/** The named text fields of a form, for `FormState.values`; an absent one (an unticked box) is "". */
export function typedValues(formData: FormData, ...names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, textOf(formData.get(name))]));
}

function textOf(entry: FormDataEntryValue | null): string {
  return typeof entry === "string" ? entry : "";
}
