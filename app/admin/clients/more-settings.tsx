"use client";

import { type ReactNode, useContext, useEffect, useRef } from "react";
import { FormContext } from "@/app/_ui/form-context";

interface MoreSettingsProps {
  summary: string;
  /** The fields in here: it is open when one of them is refused. */
  names: readonly string[];
  /** Something in here has been filled in. */
  isOpen: boolean;
  children: ReactNode;
}

/** The part of a form that few need. */
export function MoreSettings({ summary, names, isOpen, children }: MoreSettingsProps) {
  const details = useRef<HTMLDetailsElement>(null);
  const form = useContext(FormContext);
  const isRefused = names.some((name) => form.errors?.[name] !== undefined);

  // Before the form takes the person to the field: it may have been closed again since an earlier refusal.
  useEffect(() => {
    if (details.current && form.errors && isRefused) details.current.open = true;
  }, [form, isRefused]);

  return (
    <details
      ref={details}
      open={isOpen || isRefused}
      className="min-w-0 rounded-control border border-line px-4 py-3"
    >
      <summary className="w-fit cursor-pointer font-medium">{summary}</summary>
      <div className="mt-4 grid gap-5 pb-1">{children}</div>
    </details>
  );
}
