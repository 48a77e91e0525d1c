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
  /** What to take along, each shown this once, as a one-time link. */
  copies?: readonly { label: string; value: string; hint: string }[];
};

export type FormAction = (state: FormState, formData: FormData) => Promise<FormState>;

export const IDLE: FormState = { status: "idle" };
