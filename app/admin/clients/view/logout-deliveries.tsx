import { Card } from "@/app/_ui/card";
import { type Column, DataTable } from "@/app/_ui/data-table";
import { Time } from "@/app/_ui/time";
import type { LogoutDelivery } from "@/lib/oauth/stores";

/** Sign-outs that this client has yet to hear of, the oldest first. */
export function LogoutDeliveries({ deliveries }: { deliveries: readonly LogoutDelivery[] }) {
  return (
    <Card
      flush
      title="Sign-outs it has not heard of"
      description="Its back-channel logout address has not accepted them yet. Latchkey goes on trying."
    >
      <DataTable
        caption="Sign-outs it has not heard of"
        columns={COLUMNS}
        rows={deliveries}
        rowKey={({ id }) => String(id)}
      />
    </Card>
  );
}

const COLUMNS: Column<LogoutDelivery>[] = [
  {
    key: "at",
    header: "Sign-out",
    cell: ({ createdAt }) => <Time at={createdAt} />,
  },
  { key: "attempts", header: "Attempts", cell: ({ attempts }) => attempts },
  { key: "next", header: "Next attempt", cell: ({ nextAttemptAt }) => <Time at={nextAttemptAt} /> },
  {
    key: "problem",
    header: "Last problem",
    cell: ({ lastProblem }) =>
      lastProblem === null ? (
        <span className="text-muted">none</span>
      ) : (
        <span className="wrap-anywhere">{lastProblem}</span>
      ),
  },
];
