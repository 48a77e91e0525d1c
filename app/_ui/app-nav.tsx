"use client";

import Link from "next/link";
import { usePathname } from "next/navigation";
import { currentHref, type NavGroup } from "./navigation";

interface AppNavProps {
  email: string;
  groups: readonly NavGroup[];
}

/** A column where there is room; a menu that opens where there is not. One of the two is out of the page at a time. */
export function AppNav({ email, groups }: AppNavProps) {
  const path = usePathname();
  const current = currentHref(groups, path);
  return (
    <>
      <nav aria-label="Main" className="hidden md:block">
        <NavGroups groups={groups} current={current} />
      </nav>
      {/* The key closes the menu once it has led somewhere. */}
      <details key={path} className="group -mx-1 md:hidden">
        <summary className="flex min-h-10 w-fit cursor-pointer list-none items-center gap-2 rounded-control px-1 text-sm font-medium text-muted hover:text-ink [&::-webkit-details-marker]:hidden">
          <svg viewBox="0 0 16 16" fill="none" aria-hidden="true" className="size-4">
            <path d="M2.5 5h11M2.5 11h11" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" />
          </svg>
          Menu
        </summary>
        <nav aria-label="Main" className="mt-2 rounded-card border border-line bg-surface p-2">
          <NavGroups groups={groups} current={current} />
          <p className="mt-3 truncate border-t border-line px-3 pt-3 pb-1 text-sm text-muted sm:hidden">
            {email}
          </p>
        </nav>
      </details>
    </>
  );
}

function NavGroups({ groups, current }: Pick<AppNavProps, "groups"> & { current: string | undefined }) {
  return groups.map((group) => (
    <div key={group.label} className="not-first:mt-5">
      <p className="px-3 pb-1 text-xs font-medium text-muted">{group.label}</p>
      <ul aria-label={group.label} className="grid gap-0.5">
        {group.items.map(({ href, label }) => (
          <li key={href}>
            <Link
              href={href}
              prefetch={false}
              aria-current={href === current ? "page" : undefined}
              className="flex min-h-10 items-center rounded-control px-3 text-muted no-underline hover:bg-sunken hover:text-ink aria-[current=page]:bg-sunken aria-[current=page]:font-medium aria-[current=page]:text-ink md:min-h-9"
            >
              {label}
            </Link>
          </li>
        ))}
      </ul>
    </div>
  ));
}
