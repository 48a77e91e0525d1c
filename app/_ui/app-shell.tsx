import Link from "next/link";
import type { ReactNode } from "react";
import { AppNav } from "./app-nav";
import { Logo } from "./logo";
import type { NavGroup } from "./navigation";

interface AppShellProps {
  email: string;
  menus: readonly NavGroup[];
  /** The form that signs out; its button a small quiet `SubmitButton`. */
  signOut: ReactNode;
  children: ReactNode;
}

/** The frame of every signed-in page. */
export function AppShell({ email, menus, signOut, children }: AppShellProps) {
  return (
    <>
      <a
        href="#main"
        className="sr-only rounded-control bg-surface font-medium focus:not-sr-only focus:absolute focus:top-2 focus:left-2 focus:z-10 focus:px-4 focus:py-2.5"
      >
        Skip to content
      </a>
      <header className="border-b border-line bg-surface">
        <div className="mx-auto flex min-h-15 max-w-6xl items-center justify-between gap-4 px-4 py-2 sm:px-6">
          <Link
            href="/"
            prefetch={false}
            className="inline-flex min-h-10 items-center rounded-control no-underline"
          >
            <Logo />
          </Link>
          <div className="flex min-w-0 items-center gap-3">
            <span className="hidden min-w-0 truncate text-sm text-muted sm:block">{email}</span>
            <div className="-mr-3 shrink-0">{signOut}</div>
          </div>
        </div>
      </header>
      <div className="mx-auto grid max-w-6xl gap-x-12 gap-y-4 px-4 pt-3 pb-20 sm:px-6 md:grid-cols-[11rem_minmax(0,1fr)] md:pt-10">
        <div className="min-w-0 md:-ml-3">
          <AppNav email={email} groups={menus} />
        </div>
        <main id="main" tabIndex={-1} className="grid min-w-0 content-start gap-6">
          {children}
        </main>
      </div>
    </>
  );
}
