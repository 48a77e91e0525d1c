"use client";

import { type ReactNode, useContext, useId } from "react";
import { FieldError } from "./field-error";
import { FormContext } from "./form-context";

export interface CheckboxProps {
  name: string;
  label: string;
  /** What the form sends when ticked. */
  value?: string;
  hint?: ReactNode;
  defaultChecked?: boolean;
  required?: boolean;
  disabled?: boolean;
  /** For a box in a table row, whose row says what it selects. The label is still read aloud. */
  hideLabel?: boolean;
}

export function Checkbox(props: CheckboxProps) {
  const {
    name,
    label,
    value = "on",
    hint,
    defaultChecked = false,
    required,
    disabled,
    hideLabel = false,
  } = props;
  const id = useId();
  const form = useContext(FormContext);
  const typed = form.values?.[name];
  const error = form.errors?.[name];

  return (
    <div className="grid gap-1">
      <label
        className={`inline-flex cursor-pointer items-center gap-3 ${hideLabel ? "-m-2.5 p-2.5" : "min-h-10"}`}
      >
        <input
          type="checkbox"
          name={name}
          value={value}
          defaultChecked={typed === undefined ? defaultChecked : typed === value}
          required={required}
          disabled={disabled}
          aria-invalid={error ? true : undefined}
          aria-describedby={error || hint ? id : undefined}
          className="size-5 shrink-0 cursor-pointer"
        />
        <span className={hideLabel ? "sr-only" : ""}>{label}</span>
      </label>
      {error && <FieldError id={id}>{error}</FieldError>}
      {!error && hint && (
        <p id={id} className="-mt-2 ml-8 text-sm text-muted">
          {hint}
        </p>
      )}
    </div>
  );
}
