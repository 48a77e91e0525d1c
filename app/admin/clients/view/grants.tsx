import { ReasonField } from "@/app/_parts/reason-field";
import { ActionForm } from "@/app/_ui/action-form";
import { Card } from "@/app/_ui/card";
import { DataTable } from "@/app/_ui/data-table";
import { EmptyState } from "@/app/_ui/empty-state";
import { Pagination } from "@/app/_ui/pagination";
import type { SessionWithUser } from "@/lib/sessions/session";
import type { Listing } from "@/lib/sessions/session-store";
import { endGrant } from "../actions";
import { viewOf } from "../query";
import { GRANT_COLUMNS } from "./grant-columns";

interface GrantsProps {
  clientId: string;
  /** Those that are live. */
  grants: Listing<SessionWithUser>;
  isFirstPage: boolean;
}

/** Who has let this client in. */
export function Grants({ clientId, grants: { items, nextCursor }, isFirstPage }: GrantsProps) {
  return (
    <Card
      title="Grants"
      description="Who has let it in, and is still. One that is ended is refused from its next request on."
    >
      <div className="grid gap-5">
        <ActionForm action={endGrant} layout="plain" label="Grants">
          <input type="hidden" name="id" value={clientId} />
          <noscript>
            {items.length > 0 && (
              <div className="mb-5 max-w-md">
                <ReasonField />
              </div>
            )}
          </noscript>
          <div className="-mx-5 border-t border-line sm:-mx-6">
            <DataTable
              caption="Grants"
              columns={GRANT_COLUMNS}
              rows={items}
              rowKey={({ id }) => id}
              empty={<EmptyState title="No grant">Nobody has let this client in now.</EmptyState>}
            />
          </div>
        </ActionForm>
        <Pagination
          firstHref={isFirstPage ? null : viewOf(clientId)}
          nextHref={nextCursor && viewOf(clientId, { cursor: nextCursor })}
        />
      </div>
    </Card>
  );
}
