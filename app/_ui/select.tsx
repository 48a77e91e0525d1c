"use client";

import type { ComponentProps } from "react";
import { CONTROL_STYLE } from "./control-style";
import { useFieldControl } from "./field-context";

type SelectProps = Omit<
  ComponentProps<"select">,
  "className" | "style" | "id" | "name" | "required" | "multiple"
>;

/**
 * Belongs in a `Field`, which gives it its name; its children are `<option>` elements.
 * The key lets it follow a new `defaultValue`, as when a link changes a filter; React applies only the first.
 */
export function Select({ defaultValue, ...rest }: SelectProps) {
  const { typed, attributes } = useFieldControl();
  return (
    <span className="relative block">
      <select
        {...rest}
        {...attributes}
        key={String(defaultValue)}
        defaultValue={typed ?? defaultValue}
        className={`${CONTROL_STYLE} appearance-none pr-9`}
      />
      <svg
        viewBox="0 0 16 16"
        fill="none"
        aria-hidden="true"
        className="pointer-events-none absolute top-1/2 right-3 size-4 -translate-y-1/2 text-muted"
      >
        <path
          d="m4 6.25 4 4 4-4"
          stroke="currentColor"
          strokeWidth="1.5"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </svg>
    </span>
  );
}
