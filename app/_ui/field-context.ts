"use client";

import { createContext, useContext } from "react";

interface FieldContextValue {
  id: string;
  name: string;
  required: boolean;
  isInvalid: boolean;
  describedBy: string | undefined;
  /** What was typed before the form came back with an error. */
  typed: string | undefined;
}

export const FieldContext = createContext<FieldContextValue | null>(null);

/** The attributes a control takes from the `Field` around it; none when it stands alone. */
export function useFieldControl() {
  const field = useContext(FieldContext);
  if (!field) return { typed: undefined, attributes: {} };
  return {
    typed: field.typed,
    attributes: {
      id: field.id,
      name: field.name,
      required: field.required,
      "aria-invalid": field.isInvalid || undefined,
      "aria-describedby": field.describedBy,
    },
  };
}
