"use client";

import { type ReactNode, useEffect, useId, useRef } from "react";
import { Button } from "./button";

interface ConfirmDialogProps {
  title: string;
  description: ReactNode;
  confirmLabel: string;
  onConfirm: () => void;
  onClose: () => void;
}

/** Open for as long as it is rendered. The browser keeps focus inside and gives it back on closing. */
export function ConfirmDialog({ title, description, confirmLabel, onConfirm, onClose }: ConfirmDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);

  function confirm() {
    dialog.current?.close();
    onConfirm();
  }

  return (
    <dialog
      ref={dialog}
      role="alertdialog"
      aria-labelledby={`${id}-title`}
      aria-describedby={description ? `${id}-description` : undefined}
      onClose={onClose}
      className="m-auto w-[calc(100%-2rem)] max-w-md rounded-card border border-line bg-surface p-6 text-left text-base font-normal whitespace-normal text-ink shadow-dialog backdrop:bg-backdrop"
    >
      <h2 id={`${id}-title`}>{title}</h2>
      {description && (
        <div id={`${id}-description`} className="mt-2 text-muted">
          {description}
        </div>
      )}
      <div className="mt-6 flex flex-wrap justify-end gap-3">
        {/* First in order, so that the browser puts the focus on the harmless one. */}
        <Button onClick={() => dialog.current?.close()}>Cancel</Button>
        <Button variant="dangerSolid" onClick={confirm}>
          {confirmLabel}
        </Button>
      </div>
    </dialog>
  );
}
