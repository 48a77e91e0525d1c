import { Badge } from "@/app/_ui/badge";
import { ConfirmButton } from "@/app/_ui/confirm-button";
import type { Column } from "@/app/_ui/data-table";
import { Time } from "@/app/_ui/time";
import { deviceName } from "@/lib/policy/user-agent";
import type { Session } from "@/lib/sessions/session";

/** A person's own sessions; the one of this browser cannot be ended here: signing out does that. */
export function columnsFor(currentId: string): Column<Session>[] {
  return [
    {
      key: "device",
      header: "Device",
      cell: ({ id, userAgent }) => (
        <span className="inline-flex flex-wrap items-center gap-2">
          {deviceName(userAgent)}
          {id === currentId && <Badge tone="accent">This device</Badge>}
        </span>
      ),
    },
    { key: "ip", header: "Address", cell: ({ ip }) => <span className="break-all">{ip}</span> },
    { key: "seen", header: "Last seen", cell: ({ lastSeenAt }) => <Time at={lastSeenAt} /> },
    { key: "started", header: "Started", cell: ({ createdAt }) => <Time at={createdAt} format="absolute" /> },
    {
      key: "end",
      header: "End",
      hideHeader: true,
      align: "end",
      cell: (session) => (session.id === currentId ? null : <EndButton session={session} />),
    },
  ];
}

function EndButton({ session }: { session: Session }) {
  const device = deviceName(session.userAgent);
  return (
    <ConfirmButton
      size="small"
      name="end"
      value={session.id}
      aria-label={`End the session on ${device}, ${session.ip}`}
      title="End this session?"
      description={`${device}, ${session.ip}. It is signed out at once.`}
      confirmLabel="End session"
    >
      End
    </ConfirmButton>
  );
}
