import Link from "next/link";
import { ReasonField } from "@/app/_parts/reason-field";
import { Badge } from "@/app/_ui/badge";
import { ConfirmButton } from "@/app/_ui/confirm-button";
import type { Column } from "@/app/_ui/data-table";
import { Time } from "@/app/_ui/time";
import { sessionsOf } from "@/app/admin/sessions/query";
import { deviceName } from "@/lib/policy/user-agent";
import type { SessionWithUser } from "@/lib/sessions/session";

/** What people have let one client do. */
export const GRANT_COLUMNS: Column<SessionWithUser>[] = [
  {
    key: "person",
    header: "Person",
    cell: ({ user }) => (
      <div className="wrap-anywhere @2xl:min-w-36">
        <Link href={sessionsOf(user.id)} prefetch={false}>
          {user.email}
        </Link>
        {user.name !== null && <p className="text-sm font-normal text-muted">{user.name}</p>}
      </div>
    ),
  },
  { key: "scope", header: "Scope", cell: ({ grant }) => <Scope grant={grant} /> },
  {
    key: "seen",
    header: "Last seen",
    cell: ({ lastSeenAt, userAgent, ip }) => (
      <>
        <Time at={lastSeenAt} />
        <p className="text-sm text-muted">
          {deviceName(userAgent)}, <span className="break-all">{ip}</span>
        </p>
      </>
    ),
  },
  { key: "since", header: "Since", cell: ({ createdAt }) => <Time at={createdAt} format="absolute" /> },
  {
    key: "end",
    header: "End",
    hideHeader: true,
    align: "end",
    cell: (session) => <EndButton session={session} />,
  },
];

function Scope({ grant }: Pick<SessionWithUser, "grant">) {
  if (grant === null) return null;
  return (
    <>
      <p className="text-sm wrap-anywhere">{grant.scope || <span className="text-muted">none</span>}</p>
      <p className="text-sm wrap-anywhere text-muted">{grant.audience}</p>
      {grant.dpopJkt !== null && <Badge>DPoP</Badge>}
    </>
  );
}

function EndButton({ session: { id, user } }: { session: SessionWithUser }) {
  return (
    <ConfirmButton
      size="small"
      name="sessionId"
      value={id}
      aria-label={`End the grant of ${user.email}`}
      title="End this grant?"
      description={`The client can do nothing more for ${user.email}, at once.`}
      confirmLabel="End grant"
      fields={<ReasonField />}
    >
      End
    </ConfirmButton>
  );
}
