"use client";

import { useContext, useId } from "react";
import { FieldError } from "./field-error";
import { FormContext } from "./form-context";

interface CheckboxProps {
  name: string;
  label: string;
  /** What the form sends when ticked. Of boxes with one name, a form's state holds the ticked ones, a space between. */
  value: string;
  /** For a box in a table row, whose row says what it selects. The label is still read aloud. */
  hideLabel?: boolean;
}

const BOX =
  "size-5 shrink-0 cursor-pointer appearance-none rounded-[0.3rem] border border-edge bg-surface transition-colors " +
  "checked:border-accent checked:bg-accent hover:border-muted aria-invalid:border-danger forced-colors:appearance-auto";

export function Checkbox({ name, label, value, hideLabel = false }: CheckboxProps) {
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
          defaultChecked={typed?.split(" ").includes(value)}
          aria-invalid={error ? true : undefined}
          aria-describedby={error ? id : undefined}
          className={`peer ${BOX}`}
        />
        <CheckMark />
        <span className={hideLabel ? "sr-only" : "min-w-0"}>{label}</span>
      </label>
      {error && <FieldError id={id}>{error}</FieldError>}
    </div>
  );
}

/** Laid over the box before it; drawn here because an image from the stylesheet would need a `data:` address. */
function CheckMark() {
  return (
    <svg
      viewBox="0 0 20 20"
      fill="none"
      aria-hidden="true"
      className="pointer-events-none -ml-8 hidden size-5 shrink-0 text-on-accent peer-checked:block forced-colors:hidden"
    >
      <path
        d="m5.5 10.5 3 3 6-7"
        stroke="currentColor"
        strokeWidth="2"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
