"use client";

import { useContext, useId } from "react";
import { FormContext } from "@/app/_ui/form-context";

interface TickProps {
  name: string;
  /** What the form sends when ticked. Of ticks with one name, a form's state holds the ticked ones, a space between. */
  value: string;
  label: string;
  /** What it means, in a sentence. */
  description: string;
  isTicked: boolean;
}

/** A box to tick that takes a sentence to explain. */
export function Tick({ name, value, label, description, isTicked }: TickProps) {
  const id = useId();
  const { values, errors } = useContext(FormContext);
  const typed = values?.[name];
  return (
    <label className="flex cursor-pointer gap-3 rounded-control border border-rim px-3.5 py-3 transition-colors hover:border-edge has-checked:border-accent has-checked:bg-accent-soft has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-accent">
      <input
        type="checkbox"
        name={name}
        value={value}
        defaultChecked={typed === undefined ? isTicked : typed.split(" ").includes(value)}
        aria-invalid={errors?.[name] ? true : undefined}
        aria-labelledby={`${id}-label`}
        aria-describedby={id}
        className="mt-1 size-4 shrink-0 outline-none"
      />
      <span className="grid min-w-0 gap-0.5">
        <span id={`${id}-label`} className="font-medium">
          {label}
        </span>
        <span id={id} className="text-sm text-muted">
          {description}
        </span>
      </span>
    </label>
  );
}
