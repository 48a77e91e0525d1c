"use client";

import type { ComponentProps } from "react";
import { CONTROL_STYLE } from "./control-style";
import { useFieldControl } from "./field-context";

type TextAreaProps = Omit<ComponentProps<"textarea">, "className" | "style" | "id" | "name" | "required">;

/** For text of several lines that a machine wrote, such as a key. Belongs in a `Field`, which gives it its name. */
export function TextArea({ defaultValue, ...rest }: TextAreaProps) {
  const { typed, attributes } = useFieldControl();
  return (
    <textarea
      spellCheck={false}
      autoComplete="off"
      autoCapitalize="none"
      rows={5}
      {...rest}
      {...attributes}
      defaultValue={typed ?? defaultValue}
      className={`${CONTROL_STYLE} font-mono`}
    />
  );
}
