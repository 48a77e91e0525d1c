import type { ComponentProps } from "react";
import { type ButtonLook, buttonStyle } from "./button-style";

type ButtonProps = ButtonLook & Omit<ComponentProps<"button">, "className" | "style">;

/** For behaviour in the page. What sends a form is a `SubmitButton`. */
export function Button({ variant, size, block, type = "button", ...rest }: ButtonProps) {
  return <button {...rest} type={type} className={buttonStyle({ variant, size, block })} />;
}
