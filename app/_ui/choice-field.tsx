"use client";

import { type ReactNode, useContext, useId } from "react";
import { FieldError } from "./field-error";
import { FormContext } from "./form-context";

export interface Choice {
  value: string;
  label: string;
  /** What choosing it means, in a sentence. */
  description: ReactNode;
}

interface ChoiceFieldProps {
  name: string;
  legend: string;
  choices: readonly Choice[];
  defaultValue: string;
  /** Below the choices, as about one that is not among them. */
  hint?: ReactNode;
}

/** One of a few, where each takes a sentence to explain. */
export function ChoiceField({ name, legend, choices, defaultValue, hint }: ChoiceFieldProps) {
  const id = useId();
  const form = useContext(FormContext);
  const problem = form.errors?.[name];
  const chosen = form.values?.[name] || defaultValue;
  return (
    <fieldset
      aria-describedby={problem ? `${id}-error` : undefined}
      className="grid min-w-0 content-start gap-1.5"
    >
      <legend className="mb-1.5 text-sm font-medium">{legend}</legend>
      <div className="grid gap-2">
        {choices.map(({ value, label, description }) => (
          <label
            key={value}
            className="flex cursor-pointer gap-3 rounded-control border border-rim px-3.5 py-3 transition-colors hover:border-edge has-checked:border-accent has-checked:bg-accent-soft has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-accent"
          >
            <input
              type="radio"
              name={name}
              value={value}
              required
              defaultChecked={value === chosen}
              aria-invalid={problem ? true : undefined}
              aria-describedby={`${id}-${value}`}
              aria-labelledby={`${id}-${value}-label`}
              className="mt-1 size-4 shrink-0 outline-none"
            />
            <span className="grid min-w-0 gap-0.5">
              <span id={`${id}-${value}-label`} className="font-medium">
                {label}
              </span>
              <span id={`${id}-${value}`} className="text-sm text-muted">
                {description}
              </span>
            </span>
          </label>
        ))}
      </div>
      {problem && <FieldError id={`${id}-error`}>{problem}</FieldError>}
      {hint && <p className="text-sm text-muted">{hint}</p>}
    </fieldset>
  );
}
