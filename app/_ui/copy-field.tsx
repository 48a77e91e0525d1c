"use client";

import { useId, useRef } from "react";
import { Button } from "./button";
import { CONTROL_STYLE } from "./control-style";
import { useCopy } from "./use-copy";
import { useHydrated } from "./use-hydrated";

interface CopyFieldProps {
  label: string;
  value: string;
  hint?: string;
}

/** A value to take elsewhere, such as a one-time link: select it, or press Copy. */
export function CopyField({ label, value, hint }: CopyFieldProps) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const { copy, note } = useCopy(value, () => input.current?.select());
  const hasScript = useHydrated();

  return (
    <div className="grid max-w-2xl gap-1.5">
      <label htmlFor={id} className="text-sm font-medium wrap-anywhere">
        {label}
      </label>
      <div className="flex gap-2">
        <input
          id={id}
          ref={input}
          readOnly
          value={value}
          aria-describedby={hint ? `${id}-hint` : undefined}
          onFocus={(event) => event.currentTarget.select()}
          className={`${CONTROL_STYLE} font-mono`}
        />
        {hasScript && <Button onClick={copy}>Copy</Button>}
      </div>
      <p className="text-sm text-muted">
        <span role="status">{note}</span> {hint && <span id={`${id}-hint`}>{hint}</span>}
      </p>
    </div>
  );
}
