import type { ReactNode } from "react";
import { Field } from "./field";
import { PasswordInput } from "./password-input";

interface PasswordFieldProps {
  name: string;
  label: string;
  /** `new-password` makes password managers offer one. */
  autoComplete: "current-password" | "new-password";
  hint?: ReactNode;
}

/** A password that can be shown, pasted and filled by a manager. It is never filled in again from a form's state. */
export function PasswordField({ autoComplete, ...field }: PasswordFieldProps) {
  return (
    <Field {...field} required>
      <PasswordInput autoComplete={autoComplete} />
    </Field>
  );
}
