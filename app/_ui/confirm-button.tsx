"use client";

import { type MouseEvent, type ReactNode, useRef, useState } from "react";
import type { ButtonLook } from "./button-style";
import { ConfirmDialog } from "./confirm-dialog";
import { SubmitButton, type SubmitButtonProps } from "./submit-button";

type ConfirmButtonProps = Omit<SubmitButtonProps, "onClick" | "ref" | "title"> & {
  /** The question, as in "End this session?". */
  title: string;
  /** What will happen, in a sentence. */
  description?: ReactNode;
  /** The verb, as in "End session". */
  confirmLabel: string;
  confirmVariant?: ButtonLook["variant"];
  /** What else has to be known, as a reason. Without JavaScript, the form itself has to ask for it. */
  fields?: ReactNode;
};

/** A submit button that asks first. Without JavaScript it submits at once. */
export function ConfirmButton({
  title,
  description,
  confirmLabel,
  confirmVariant = "dangerSolid",
  fields,
  variant = "danger",
  ...rest
}: ConfirmButtonProps) {
  const button = useRef<HTMLButtonElement>(null);
  const [isAsking, setIsAsking] = useState(false);

  function ask(event: MouseEvent<HTMLButtonElement>) {
    event.preventDefault();
    if (button.current?.form?.reportValidity()) setIsAsking(true);
  }

  return (
    <>
      <SubmitButton {...rest} ref={button} variant={variant} onClick={ask} />
      {isAsking && (
        <ConfirmDialog
          title={title}
          description={description}
          confirmLabel={confirmLabel}
          confirmVariant={confirmVariant}
          fields={fields}
          onConfirm={() => button.current?.form?.requestSubmit(button.current)}
          onClose={() => setIsAsking(false)}
        />
      )}
    </>
  );
}
