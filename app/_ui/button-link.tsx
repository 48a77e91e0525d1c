import Link from "next/link";
import type { ReactNode } from "react";
import { type ButtonLook, buttonStyle } from "./button-style";

interface ButtonLinkProps extends ButtonLook {
  href: string;
  children: ReactNode;
}

export function ButtonLink({ href, children, ...look }: ButtonLinkProps) {
  return (
    <Link href={href} prefetch={false} className={buttonStyle(look)}>
      {children}
    </Link>
  );
}
