"use client";

import { useEffect, useRef, useState } from "react";
import { CONTROL_STYLE } from "./control-style";
import { useFieldControl } from "./field-context";
import { useHydrated } from "./use-hydrated";

interface PasswordInputProps {
  autoComplete: "current-password" | "new-password";
}

export function PasswordInput({ autoComplete }: PasswordInputProps) {
  const input = useRef<HTMLInputElement>(null);
  const [isShown, setIsShown] = useState(false);
  const { attributes } = useFieldControl();
  const hasScript = useHydrated();
  useHideOnSubmit(input, () => setIsShown(false));

  return (
    <span className="relative block">
      <input
        {...attributes}
        ref={input}
        type={isShown ? "text" : "password"}
        autoComplete={autoComplete}
        autoCapitalize="none"
        autoCorrect="off"
        spellCheck={false}
        className={`${CONTROL_STYLE} pr-18`}
      />
      {hasScript && (
        <button
          type="button"
          aria-label={isShown ? "Hide password" : "Show password"}
          aria-controls={attributes.id}
          onClick={() => setIsShown(!isShown)}
          className="absolute inset-y-1 right-1 min-w-14 cursor-pointer rounded-[0.3rem] px-2 text-sm font-medium text-muted hover:bg-sunken hover:text-ink"
        >
          {isShown ? "Hide" : "Show"}
        </button>
      )}
    </span>
  );
}

/** A password sent while readable would be kept by the browser among ordinary text to suggest. */
function useHideOnSubmit(input: React.RefObject<HTMLInputElement | null>, hide: () => void) {
  useEffect(() => {
    const form = input.current?.form;
    form?.addEventListener("submit", hide);
    return () => form?.removeEventListener("submit", hide);
  });
}
