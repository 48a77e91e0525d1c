"use client";

import { useContext, useState } from "react";
import { FormContext } from "./form-context";

interface WasProps {
  values: Record<string, string | null>;
  /** The same from before a detour. */
  typed: string | null;
}

/**
 * Says in a form what held when its fields were first shown, for `changedMeanwhile`. As the fields do, it stays as it is when
 * the page around it is made anew; an answer to the form brings the next.
 */
export function Was({ values, typed }: WasProps) {
  const { values: answered } = useContext(FormContext);
  const [shown] = useState(() => typed ?? JSON.stringify(values));
  return <input type="hidden" name="was" value={answered?.was ?? shown} />;
}
