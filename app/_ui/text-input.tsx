"use client";

import type { ComponentProps } from "react";
import { CONTROL_STYLE } from "./control-style";
import { useFieldControl } from "./field-context";

type TextInputProps = Omit<ComponentProps<"input">, "className" | "style" | "id" | "name" | "required"> & {
  type?: "text" | "email" | "search" | "url" | "tel" | "number";
};

/** Belongs in a `Field`, which gives it its name. */
export function TextInput({ type = "text", defaultValue, ...rest }: TextInputProps) {
  const { typed, attributes } = useFieldControl();
  return (
    <input
      {...rest}
      {...attributes}
      type={type}
      defaultValue={typed ?? defaultValue}
      className={CONTROL_STYLE}
    />
  );
}
