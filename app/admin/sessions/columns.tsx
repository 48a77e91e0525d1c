import Link from "next/link";
import { addressOf } from "@/app/_http/search-params";
import { END_REASON_TEXT } from "@/app/_parts/session-text";
import { Badge } from "@/app/_ui/badge";
import { Checkbox } from "@/app/_ui/checkbox";
import type { Column } from "@/app/_ui/data-table";
import { Time } from "@/app/_ui/time";
import { deviceName } from "@/lib/policy/user-agent";
import { type SessionWithUser, sessionState } from "@/lib/sessions/session";
import { sessionsOf } from "./query";

/**
 * Everyone's sessions, with the app that holds one where that is no browser of ours. A live one can be ticked, but not
 * this browser's: signing out ends that.
 */
export function columnsFor(
  currentId: string,
  now: Date,
  appNames: ReadonlyMap<string, string>,
): Column<SessionWithUser>[] {
  return [
    {
      key: "person",
      header: "Person",
      cell: (session) => (
        <div className="flex gap-3">
          <div className="w-5 shrink-0 pt-0.5">
            {session.id !== currentId && sessionState(session, now) === "live" && <Tick session={session} />}
          </div>
          <Person session={session} />
        </div>
      ),
    },
    {
      key: "device",
      header: "Device",
      cell: ({ id, userAgent, ip, grant }) => (
        <>
          <p className="flex flex-wrap items-center gap-x-2 @2xl:whitespace-nowrap">
            {deviceName(userAgent)}
            {id === currentId && <Badge tone="accent">This device</Badge>}
          </p>
          {grant !== null && (
            <p className="wrap-anywhere">
              <Link href={addressOf("/admin/clients/view", { id: grant.clientId })} prefetch={false}>
                {appNames.get(grant.clientId) ?? grant.clientId}
              </Link>
            </p>
          )}
          <p className="text-sm break-all text-muted">{ip}</p>
        </>
      ),
    },
    { key: "started", header: "Started", cell: ({ createdAt }) => <Time at={createdAt} format="absolute" /> },
    { key: "seen", header: "Last seen", cell: ({ lastSeenAt }) => <Time at={lastSeenAt} /> },
    { key: "state", header: "State", cell: (session) => <State session={session} now={now} /> },
  ];
}

function Tick({ session: { id, user, userAgent, ip } }: { session: SessionWithUser }) {
  const label = `Select the session of ${user.email} on ${deviceName(userAgent)}, ${ip}`;
  return <Checkbox name="sessionIds" value={id} label={label} hideLabel />;
}

function Person({ session: { user } }: { session: SessionWithUser }) {
  return (
    <div className="min-w-0 self-baseline wrap-anywhere @2xl:min-w-40">
      <Link href={sessionsOf(user.id)} prefetch={false}>
        {user.email}
      </Link>
      {user.name !== null && <p className="text-sm font-normal text-muted">{user.name}</p>}
    </div>
  );
}

function State({ session, now }: { session: SessionWithUser; now: Date }) {
  const { endedAt, endReason } = session;
  if (endedAt === null) {
    return sessionState(session, now) === "live" ? (
      <Badge tone="success">Signed in</Badge>
    ) : (
      <Badge>Expired</Badge>
    );
  }
  return (
    <>
      <Badge tone={endReason === "refresh_token_reuse" ? "danger" : "neutral"}>Ended</Badge>
      <p className="text-sm text-muted">
        {endReason !== null && `${END_REASON_TEXT[endReason]}, `}
        <Time at={endedAt} />
      </p>
    </>
  );
}
