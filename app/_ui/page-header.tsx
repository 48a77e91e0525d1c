import type { ReactNode } from "react";
import { TabTitle } from "./tab-title";

interface PageHeaderProps {
  title: string;
  description?: ReactNode;
  actions?: ReactNode;
}

/** The head of a page in the shell; its title is the tab's too. */
export function PageHeader({ title, description, actions }: PageHeaderProps) {
  return (
    <header className="mb-2 flex flex-wrap items-start justify-between gap-x-6 gap-y-4">
      <TabTitle heading={title} />
      <div className="grid min-w-0 gap-1.5 wrap-anywhere">
        <h1>{title}</h1>
        {description && <div className="max-w-prose text-muted">{description}</div>}
      </div>
      {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
    </header>
  );
}
