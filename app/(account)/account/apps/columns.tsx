import { ConfirmButton } from "@/app/_ui/confirm-button";
import type { Column } from "@/app/_ui/data-table";
import { Time } from "@/app/_ui/time";
import type { ConnectedApp } from "@/lib/oauth/connected-apps";
import { describePermissions } from "@/lib/oauth/describe-scope";
import { deviceName } from "@/lib/policy/user-agent";
import { lastSeenOf } from "./app-text";

/** The name of an app is whatever its operator has called it: text, and nothing that leads anywhere. */
export const columnsFor = (issuer: string): Column<ConnectedApp>[] => [
  {
    key: "name",
    header: "App",
    cell: ({ client }) => <span className="wrap-anywhere">{client.name}</span>,
  },
  {
    key: "permissions",
    header: "What it may do",
    cell: ({ permissions }) => <Permissions sentences={describePermissions(permissions, issuer)} />,
  },
  { key: "since", header: "Since", cell: ({ grantedAt }) => <Time at={grantedAt} format="absolute" /> },
  { key: "seen", header: "Last seen", cell: (app) => <LastSeen app={app} /> },
  {
    key: "disconnect",
    header: "Disconnect",
    hideHeader: true,
    align: "end",
    cell: (app) => <DisconnectButton app={app} />,
  },
];

function Permissions({ sentences }: { sentences: readonly string[] }) {
  return (
    <ul className="grid gap-1 text-sm wrap-anywhere">
      {sentences.map((sentence) => (
        <li key={sentence}>{sentence}</li>
      ))}
    </ul>
  );
}

function LastSeen({ app }: { app: ConnectedApp }) {
  const session = lastSeenOf(app);
  if (session === null) return <span className="text-muted">Not signed in now</span>;
  return (
    <>
      <Time at={session.lastSeenAt} />
      <p className="text-sm text-muted">
        {deviceName(session.userAgent)}, <span className="break-all">{session.ip}</span>
      </p>
    </>
  );
}

function DisconnectButton({ app: { client } }: { app: ConnectedApp }) {
  return (
    <ConfirmButton
      size="small"
      name="clientId"
      value={client.id}
      aria-label={`Disconnect ${client.name}`}
      title="Disconnect this app?"
      description={
        <span className="wrap-anywhere">
          {client.name} is signed out everywhere, at once, and has to ask you again.
        </span>
      }
      confirmLabel="Disconnect"
    >
      Disconnect
    </ConfirmButton>
  );
}
