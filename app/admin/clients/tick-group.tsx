"use client";

import { type ReactNode, useContext, useId } from "react";
import { FieldError } from "@/app/_ui/field-error";
import { FormContext } from "@/app/_ui/form-context";

interface TickGroupProps {
  legend: string;
  /** The fields that are ticked here: what is wrong with one of them is said below. */
  names: readonly string[];
  children: ReactNode;
}

/** Boxes to tick that belong together. */
export function TickGroup({ legend, names, children }: TickGroupProps) {
  const id = useId();
  const { errors = {} } = useContext(FormContext);
  const problem = names.map((name) => errors[name]).find((message) => message !== undefined);
  return (
    <fieldset aria-describedby={problem ? id : undefined} className="grid min-w-0 content-start gap-1.5">
      <legend className="mb-1.5 text-sm font-medium">{legend}</legend>
      <div className="grid gap-2">{children}</div>
      {problem && <FieldError id={id}>{problem}</FieldError>}
    </fieldset>
  );
}
