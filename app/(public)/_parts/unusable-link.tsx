import type { ReactNode } from "react";
import { AuthCard } from "@/app/_ui/auth-card";
import { ButtonLink } from "@/app/_ui/button-link";

/** A page that needs a link, opened without one that works. Says the same whatever is wrong with the link. */
export function UnusableLink({ title, children }: { title: string; children: ReactNode }) {
  return (
    <AuthCard title={title} intro={children}>
      <ButtonLink href="/login">Sign in</ButtonLink>
    </AuthCard>
  );
}
