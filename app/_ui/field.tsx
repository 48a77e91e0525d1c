"use client";

import { type ReactNode, useContext, useId } from "react";
import { FieldContext } from "./field-context";
import { FieldError } from "./field-error";
import { FormContext } from "./form-context";

interface FieldProps {
  name: string;
  label: string;
  hint?: ReactNode;
  required?: boolean;
  /** One control: TextInput, Select. */
  children: ReactNode;
}

/** A labelled control with its hint and its error, wired for assistive technology. */
export function Field({ name, label, hint, required = false, children }: FieldProps) {
  const id = useId();
  const form = useContext(FormContext);
  const problem = form.errors?.[name];
  const hintId = `${id}-hint`;
  const errorId = `${id}-error`;
  const describedBy = [hint ? hintId : "", problem ? errorId : ""].filter(Boolean).join(" ") || undefined;
  const field = { id, name, required, isInvalid: Boolean(problem), describedBy, typed: form.values?.[name] };

  return (
    <div className="grid min-w-0 content-start gap-1.5">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
        {!required && <span className="font-normal text-muted"> (optional)</span>}
      </label>
      <FieldContext value={field}>{children}</FieldContext>
      {problem && <FieldError id={errorId}>{problem}</FieldError>}
      {hint && (
        <p id={hintId} className="text-sm text-muted">
          {hint}
        </p>
      )}
    </div>
  );
}
