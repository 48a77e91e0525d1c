"use client";

import type { ComponentProps, MouseEvent } from "react";
import { useFormStatus } from "react-dom";
import { type ButtonLook, buttonStyle } from "./button-style";

export type SubmitButtonProps = ButtonLook & Omit<ComponentProps<"button">, "className" | "style" | "type">;

/** Sends its form, once: while the answer is on its way it says so and does nothing. Same size in both states. */
export function SubmitButton({
  variant = "primary",
  size,
  block,
  onClick,
  children,
  ...rest
}: SubmitButtonProps) {
  const { pending, data } = useFormStatus();
  const isBusy = pending && (rest.name === undefined || data?.get(rest.name) === rest.value);

  function click(event: MouseEvent<HTMLButtonElement>) {
    if (pending) event.preventDefault();
    else onClick?.(event);
  }

  return (
    <button
      {...rest}
      type="submit"
      aria-disabled={pending || undefined}
      onClick={click}
      className={buttonStyle({ variant, size, block })}
    >
      <span className={`transition-opacity duration-150 ${isBusy ? "opacity-0 delay-200" : ""}`}>
        {children}
      </span>
      {isBusy && <Spinner />}
    </button>
  );
}

/** Shows only when the answer takes a while, so that a quick one does not flicker. */
function Spinner() {
  return (
    <span className="absolute inset-0 grid place-items-center opacity-100 transition-opacity delay-200 starting:opacity-0">
      <span className="size-4 animate-spin rounded-full border-2 border-current border-r-transparent" />
      <span className="sr-only">Working…</span>
    </span>
  );
}
