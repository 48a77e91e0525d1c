"use client";

import { useContext, useState } from "react";
import { FormContext } from "./form-context";

/**
 * Says in a form what its fields held when they were first shown, so that those alone are saved that somebody has changed
 * here (`changedFields`). As the fields do, it stays as it is when the page around it is made anew.
 */
export function Was({ values }: { values: Record<string, string | null> }) {
  const { values: typed } = useContext(FormContext);
  const [shown] = useState(() => JSON.stringify(values));
  return <input type="hidden" name="was" value={typed?.was ?? shown} />;
}
