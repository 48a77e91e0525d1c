import type { ReactNode } from "react";
import { Logo } from "./logo";
import { TabTitle } from "./tab-title";

interface AuthCardProps {
  title: string;
  intro?: ReactNode;
  children: ReactNode;
  /** Under the card: the way elsewhere. */
  footer?: ReactNode;
}

/** The whole page of a step that stands alone: set-up, login, sign-up, reset. Its title is the tab's too. */
export function AuthCard({ title, intro, children, footer }: AuthCardProps) {
  return (
    <main className="mx-auto grid min-h-dvh w-full max-w-md content-start gap-8 px-4 pt-10 pb-12 sm:content-center sm:pt-16 sm:pb-[14vh]">
      <TabTitle heading={title} />
      <div className="px-1 text-center">
        <Logo />
      </div>
      <div className="min-w-0 rounded-card border border-line bg-surface p-6 shadow-card sm:p-8">
        <h1 className="text-xl wrap-anywhere">{title}</h1>
        {intro && <div className="mt-2 text-muted">{intro}</div>}
        <div className="mt-6">{children}</div>
      </div>
      {footer && <div className="text-center text-sm text-muted">{footer}</div>}
    </main>
  );
}
