import type { ReactNode } from "react";
import { ToneIcon } from "./tone-icon";

/** The sentence under a field that was refused. */
export function FieldError({ id, children }: { id: string; children: ReactNode }) {
  return (
    <p id={id} className="flex gap-1.5 text-sm text-danger">
      <ToneIcon tone="danger" className="mt-0.5 size-4 shrink-0" />
      <span className="min-w-0">{children}</span>
    </p>
  );
}
