import Link from "next/link";
import { Badge } from "@/app/_ui/badge";
import { Card } from "@/app/_ui/card";
import { type Column, DataTable } from "@/app/_ui/data-table";
import { EmptyState } from "@/app/_ui/empty-state";
import type { Audience } from "@/lib/audiences/audience";
import { lifetimeText } from "./profile-text";
import { viewOf } from "./query";

interface AudienceListProps {
  audiences: readonly Audience[];
  /** Those with a secret that waits to be activated. */
  waiting: ReadonlySet<string>;
}

export function AudienceList({ audiences, waiting }: AudienceListProps) {
  return (
    <Card flush>
      <DataTable
        caption="Audiences"
        columns={columnsFor(waiting)}
        rows={audiences}
        rowKey={({ identifier }) => identifier}
        empty={<EmptyState title="No service yet">Add the first one below.</EmptyState>}
      />
    </Card>
  );
}

function columnsFor(waiting: ReadonlySet<string>): Column<Audience>[] {
  return [
    {
      key: "identifier",
      header: "Identifier",
      cell: ({ identifier }) => (
        <span className="wrap-anywhere">
          <Link href={viewOf(identifier)} prefetch={false}>
            {identifier}
          </Link>
        </span>
      ),
    },
    {
      key: "profile",
      header: "Profile",
      cell: ({ profile, algorithm }) => (
        <>
          <p className="whitespace-nowrap">{profile}</p>
          <p className="text-sm text-muted">{algorithm}</p>
        </>
      ),
    },
    {
      key: "lifetime",
      header: "Lifetime",
      cell: ({ lifetimeSeconds }) => (
        <span className="whitespace-nowrap">{lifetimeText(lifetimeSeconds)}</span>
      ),
    },
    { key: "scope", header: "Scope", cell: ({ scope }) => <Scope scope={scope} /> },
    {
      key: "credentials",
      header: "Credentials",
      cell: ({ identifier, hasFeedToken }) => (
        <span className="inline-flex flex-wrap gap-1.5">
          {hasFeedToken ? <Badge>Feed token</Badge> : <Badge tone="warning">No feed token</Badge>}
          {waiting.has(identifier) && <Badge tone="accent">Secret waiting</Badge>}
        </span>
      ),
    },
  ];
}

function Scope({ scope }: Pick<Audience, "scope">) {
  if (scope === null) return <span className="text-muted">none</span>;
  return <span className="text-sm wrap-anywhere">{scope}</span>;
}
