import { type ReactNode, useId } from "react";

interface CardProps {
  title?: string;
  description?: ReactNode;
  /** Beside the title: a button, a badge. */
  actions?: ReactNode;
  /** No inner space around the children, as for a table. */
  flush?: boolean;
  children?: ReactNode;
}

export function Card({ title, description, actions, flush = false, children }: CardProps) {
  const titleId = useId();
  const hasHeader = Boolean(title || description || actions);
  return (
    <section
      aria-labelledby={title ? titleId : undefined}
      className="min-w-0 rounded-card border border-line bg-surface shadow-card"
    >
      {hasHeader && (
        <div
          className={`flex flex-wrap items-start justify-between gap-x-6 gap-y-3 px-5 pt-5 sm:px-6 ${children ? "" : "pb-5"}`}
        >
          <div className="grid min-w-0 gap-1 wrap-anywhere">
            {title && <h2 id={titleId}>{title}</h2>}
            {description && <div className="max-w-prose text-sm text-muted">{description}</div>}
          </div>
          {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
        </div>
      )}
      {children && <div className={flush ? (hasHeader ? "pt-4" : "") : "p-5 sm:p-6"}>{children}</div>}
    </section>
  );
}
