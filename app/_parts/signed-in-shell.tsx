import type { ReactNode } from "react";
import { requireUser } from "@/app/_http/current-session";
import { AppShell } from "@/app/_ui/app-shell";
import { SubmitButton } from "@/app/_ui/submit-button";
import { signOut } from "./sign-out";

/** The frame of a signed-in page. The page itself has asked who is there; this does not stand in for it. */
export async function SignedInShell({ children }: { children: ReactNode }) {
  const { email, role } = await requireUser();
  const signOutForm = (
    <form action={signOut}>
      <SubmitButton variant="quiet" size="small">
        Sign out
      </SubmitButton>
    </form>
  );
  return (
    <AppShell email={email} isAdmin={role === "admin"} signOut={signOutForm}>
      {children}
    </AppShell>
  );
}
