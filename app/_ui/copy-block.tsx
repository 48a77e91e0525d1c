"use client";

import { useId, useRef } from "react";
import { Button } from "./button";
import { useCopy } from "./use-copy";
import { useHydrated } from "./use-hydrated";

interface CopyBlockProps {
  title: string;
  /** The text to take along, as a file. */
  children: string;
}

/** Text of several lines to take elsewhere: scroll it, select it, or press Copy. */
export function CopyBlock({ title, children: text }: CopyBlockProps) {
  const id = useId();
  const code = useRef<HTMLElement>(null);
  const hasScript = useHydrated();
  const { copy, note } = useCopy(text, () => {
    if (code.current) getSelection()?.selectAllChildren(code.current);
  });

  return (
    <section aria-labelledby={id} className="grid min-w-0 gap-2">
      <div className="flex min-h-8 flex-wrap items-center justify-between gap-x-3 gap-y-1">
        <h3 id={id} className="min-w-0 text-sm wrap-anywhere">
          {title}
        </h3>
        <div className="ml-auto flex items-center gap-3">
          <span role="status" className="text-sm text-muted">
            {note}
          </span>
          {hasScript && (
            <Button size="small" onClick={copy} aria-describedby={id}>
              Copy
            </Button>
          )}
        </div>
      </div>
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable without a mouse.
        tabIndex={0}
        className="max-h-96 overflow-auto rounded-control border border-line bg-sunken px-4 py-3 text-sm"
      >
        <code ref={code}>{text}</code>
      </pre>
    </section>
  );
}
