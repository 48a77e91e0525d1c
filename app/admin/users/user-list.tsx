import { ActionForm } from "@/app/_ui/action-form";
import { Badge } from "@/app/_ui/badge";
import { Card } from "@/app/_ui/card";
import { type Column, DataTable } from "@/app/_ui/data-table";
import { EmptyState } from "@/app/_ui/empty-state";
import { Time } from "@/app/_ui/time";
import type { User } from "@/lib/identity/user-store";
import { changePerson } from "./actions";
import { UserMenu } from "./user-menu";

/** One form around the list: each button says what it does, and to whom. */
export function UserList({ users, ownId }: { users: readonly User[]; ownId: string }) {
  return (
    <ActionForm action={changePerson} layout="plain" label="Users">
      <Card flush>
        <DataTable
          caption="Users"
          columns={columnsFor(ownId)}
          rows={users}
          rowKey={({ id }) => id}
          empty={<EmptyState title="Nobody here">No name or address matches. Try another search.</EmptyState>}
        />
      </Card>
    </ActionForm>
  );
}

function columnsFor(ownId: string): Column<User>[] {
  return [
    { key: "person", header: "Person", cell: (user) => <Person user={user} isOwn={user.id === ownId} /> },
    { key: "role", header: "Role", cell: ({ role }) => (role === "admin" ? "Administrator" : "User") },
    { key: "status", header: "Status", cell: (user) => <Status user={user} /> },
    { key: "since", header: "Since", cell: ({ createdAt }) => <Time at={createdAt} format="absolute" /> },
    {
      key: "manage",
      header: "Manage",
      hideHeader: true,
      align: "end",
      cell: (user) => <UserMenu user={user} />,
    },
  ];
}

function Person({ user, isOwn }: { user: User; isOwn: boolean }) {
  return (
    <div className="min-w-0 wrap-anywhere @2xl:min-w-48">
      <span className="inline-flex flex-wrap items-center gap-2">
        {user.email}
        {isOwn && <Badge tone="accent">You</Badge>}
      </span>
      {user.name !== null && <p className="text-sm font-normal text-muted">{user.name}</p>}
    </div>
  );
}

function Status({ user: { status, passwordHash } }: { user: User }) {
  if (status === "disabled") return <Badge tone="danger">Disabled</Badge>;
  return passwordHash === null ? <Badge tone="warning">Invited</Badge> : <Badge tone="success">Active</Badge>;
}
