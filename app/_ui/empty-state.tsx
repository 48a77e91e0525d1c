import type { ReactNode } from "react";

interface EmptyStateProps {
  title: string;
  children: ReactNode;
}

export function EmptyState({ title, children }: EmptyStateProps) {
  return (
    <div className="grid justify-items-center gap-1 px-6 py-12 text-center">
      <p className="font-medium">{title}</p>
      <div className="max-w-sm text-sm text-balance text-muted">{children}</div>
    </div>
  );
}
