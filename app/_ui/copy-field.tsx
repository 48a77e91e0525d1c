"use client";

import { useId, useRef, useState } from "react";
import { Button } from "./button";
import { CONTROL_STYLE } from "./control-style";
import { useHydrated } from "./use-hydrated";

interface CopyFieldProps {
  label: string;
  value: string;
  hint?: string;
}

const NOTES = {
  idle: "",
  copied: "Copied.",
  selected: "Selected. Copy it with your keyboard.",
} as const;

/** A value to take elsewhere, such as a one-time link: select it, or press Copy. */
export function CopyField({ label, value, hint }: CopyFieldProps) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [note, setNote] = useState<keyof typeof NOTES>("idle");
  const hasScript = useHydrated();

  async function copy() {
    input.current?.select();
    const copied = await navigator.clipboard.writeText(value).then(
      () => true,
      () => false,
    );
    setNote(copied ? "copied" : "selected");
  }

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
        <span role="status">{NOTES[note]}</span> {hint && <span id={`${id}-hint`}>{hint}</span>}
      </p>
    </div>
  );
}
