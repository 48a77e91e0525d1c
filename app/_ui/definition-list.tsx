import type { ReactNode } from "react";

interface DefinitionListProps {
  items: readonly { term: string; description: ReactNode }[];
}

export function DefinitionList({ items }: DefinitionListProps) {
  return (
    <dl className="grid gap-4 sm:gap-3">
      {items.map(({ term, description }) => (
        <div key={term} className="grid gap-0.5 sm:grid-cols-[11rem_minmax(0,1fr)] sm:gap-6">
          <dt className="text-sm leading-6 text-muted">{term}</dt>
          <dd className="min-w-0">{description}</dd>
        </div>
      ))}
    </dl>
  );
}
