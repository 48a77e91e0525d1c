import type { ReactNode } from "react";
import { requireUser } from "@/app/_http/current-session";
import { AppShell } from "@/app/_ui/app-shell";
import { ACCOUNT_MENU, ADMIN_MENU } from "./menus";
import { SignOutForm } from "./sign-out-form";

/** The frame of a signed-in page. The page itself has asked who is there; this does not stand in for it. */
export async function SignedInShell({ children }: { children: ReactNode }) {
  const { email, role } = await requireUser();
  const menus = role === "admin" ? [ACCOUNT_MENU, ADMIN_MENU] : [ACCOUNT_MENU];
  return (
    <AppShell email={email} menus={menus} signOut={<SignOutForm />}>
      {children}
    </AppShell>
  );
}
