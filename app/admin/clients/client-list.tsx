import Link from "next/link";
import { Card } from "@/app/_ui/card";
import { type Column, DataTable } from "@/app/_ui/data-table";
import { EmptyState } from "@/app/_ui/empty-state";
import { Time } from "@/app/_ui/time";
import type { Client } from "@/lib/oauth/client";
import { AUTH_METHOD_TEXT, purposeText } from "./client-text";
import { viewOf } from "./query";

export function ClientList({ clients }: { clients: readonly Client[] }) {
  return (
    <Card flush>
      <DataTable
        caption="Clients"
        columns={COLUMNS}
        rows={clients}
        rowKey={({ id }) => id}
        empty={<EmptyState title="No client yet">Add the first one below.</EmptyState>}
      />
    </Card>
  );
}

const COLUMNS: Column<Client>[] = [
  {
    key: "name",
    header: "Client",
    cell: ({ id, name }) => (
      <div className="wrap-anywhere @2xl:min-w-40">
        {name}
        <p className="text-sm font-normal">
          <Link href={viewOf(id)} prefetch={false}>
            {id}
          </Link>
        </p>
      </div>
    ),
  },
  { key: "proof", header: "Authenticates", cell: ({ authMethod }) => AUTH_METHOD_TEXT[authMethod] },
  {
    key: "purpose",
    header: "What for",
    cell: ({ grantTypes, audiences }) => (
      <>
        <p>{purposeText(grantTypes)}</p>
        {audiences.length > 0 && <p className="text-sm wrap-anywhere text-muted">{audiences.join(", ")}</p>}
      </>
    ),
  },
  { key: "created", header: "Added", cell: ({ createdAt }) => <Time at={createdAt} format="absolute" /> },
];
