"use client";

import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef } from "react";
import { Button } from "./button";
import type { ButtonLook } from "./button-style";

interface ConfirmDialogProps {
  title: string;
  description: ReactNode;
  confirmLabel: string;
  confirmVariant: ButtonLook["variant"];
  /** Fields that are asked for here and belong to the form around. */
  fields: ReactNode;
  onConfirm: () => void;
  onClose: () => void;
}

/** Open for as long as it is rendered. The browser keeps focus inside and gives it back on closing. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { title, description, confirmLabel, confirmVariant, fields, onConfirm, onClose } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);

  function confirm() {
    // While the fields can still be seen: the browser shows which one is missing.
    if (dialog.current?.closest("form")?.reportValidity() === false) return;
    dialog.current?.close();
    onConfirm();
  }

  /** Enter in a field would press the first button of the form around, which may be another one. */
  function confirmByEnter(event: KeyboardEvent) {
    if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement)) return;
    event.preventDefault();
    confirm();
  }

  return (
    <dialog
      ref={dialog}
      role="alertdialog"
      aria-labelledby={`${id}-title`}
      aria-describedby={description ? `${id}-description` : undefined}
      onClose={onClose}
      onKeyDown={confirmByEnter}
      className="m-auto w-[calc(100%-2rem)] max-w-md rounded-card border border-line bg-surface p-6 text-left text-base font-normal whitespace-normal text-ink shadow-dialog backdrop:bg-backdrop"
    >
      <h2 id={`${id}-title`}>{title}</h2>
      {description && (
        <div id={`${id}-description`} className="mt-2 text-muted">
          {description}
        </div>
      )}
      {fields && <div className="mt-5">{fields}</div>}
      <div className="mt-6 flex flex-wrap justify-end gap-3">
        {/* Before the other, so that the browser puts the focus on a field or on the harmless one. */}
        <Button onClick={() => dialog.current?.close()}>Cancel</Button>
        <Button variant={confirmVariant} onClick={confirm}>
          {confirmLabel}
        </Button>
      </div>
    </dialog>
  );
}
