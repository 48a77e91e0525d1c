import { ReasonField } from "@/app/_parts/reason-field";
import { ActionForm } from "@/app/_ui/action-form";
import { Card } from "@/app/_ui/card";
import { ConfirmButton } from "@/app/_ui/confirm-button";
import { DataTable } from "@/app/_ui/data-table";
import { EmptyState } from "@/app/_ui/empty-state";
import { type SessionWithUser, sessionState } from "@/lib/sessions/session";
import { endSelected } from "./actions";
import { columnsFor } from "./columns";

interface SessionListProps {
  sessions: readonly SessionWithUser[];
  currentId: string;
  now: Date;
  /** Of the apps that hold some of them, by the client's id. */
  appNames: ReadonlyMap<string, string>;
}

/** One form around the list, so that several sessions can be ended at once. */
export function SessionList({ sessions, currentId, now, appNames }: SessionListProps) {
  const canEndAny = sessions.some(
    (session) => session.id !== currentId && sessionState(session, now) === "live",
  );
  return (
    <ActionForm action={endSelected} layout="plain" resetOnOk label="Sessions">
      <Card flush>
        <DataTable
          caption="Sessions"
          columns={columnsFor(currentId, now, appNames)}
          rows={sessions}
          rowKey={({ id }) => id}
          empty={
            <EmptyState title="No sessions here">Nothing matches. Try another search or state.</EmptyState>
          }
        />
        {canEndAny && <EndSelected />}
      </Card>
    </ActionForm>
  );
}

function EndSelected() {
  return (
    <div className="flex flex-wrap items-end gap-3 border-t border-line p-5 sm:px-6">
      <div className="flex-[1_1_16rem]">
        <ReasonField />
      </div>
      <ConfirmButton
        title="End the ticked sessions?"
        description="Whoever is using them is signed out at once."
        confirmLabel="End sessions"
      >
        End ticked sessions
      </ConfirmButton>
    </div>
  );
}
