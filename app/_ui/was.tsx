"use client";

import { useContext } from "react";
import { FormContext } from "./form-context";

/**
 * Says in a form what its fields held when the page was made, so that those alone are saved that somebody has changed here
 * (`changedFields`).
 */
export function Was({ values }: { values: Record<string, string | null> }) {
  const { values: typed } = useContext(FormContext);
  return <input type="hidden" name="was" value={typed?.was ?? JSON.stringify(values)} />;
}
