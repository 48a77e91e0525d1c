import { z } from "zod";
import { requireSession } from "@/app/_http/current-session";
import { pageParams } from "@/app/_http/page-params";
import { addressOf, orNotFound, readSearch, type SearchParams } from "@/app/_http/search-params";
import { SignedInShell } from "@/app/_parts/signed-in-shell";
import { ActionForm } from "@/app/_ui/action-form";
import { Card } from "@/app/_ui/card";
import { ConfirmButton } from "@/app/_ui/confirm-button";
import { DataTable } from "@/app/_ui/data-table";
import { EmptyState } from "@/app/_ui/empty-state";
import { PageHeader } from "@/app/_ui/page-header";
import { Pagination } from "@/app/_ui/pagination";
import { services } from "@/lib/services";
import { endOwnSessions } from "./actions";
import { columnsFor } from "./columns";

const PATH = "/account/sessions";
const query = z.object(pageParams);

export default async function OwnSessionsPage({ searchParams }: { searchParams: SearchParams }) {
  const { sub, sid } = await requireSession();
  const page = await readSearch(searchParams, query);
  const { stores, clock } = services();
  const { items, nextCursor } = await orNotFound(stores.sessions.listLiveOfUser(sub, page, clock.now()));
  const hasOthers = items.some(({ id }) => id !== sid) || page.cursor !== null;
  return (
    <SignedInShell>
      <PageHeader
        title="Your sessions"
        description="Where you are signed in. End one you do not recognise, and change your password."
      />
      <ActionForm action={endOwnSessions} layout="plain" label="Sessions">
        <div className="grid gap-5">
          <Card flush>
            <DataTable
              caption="Your sessions"
              columns={columnsFor(sid)}
              rows={items}
              rowKey={({ id }) => id}
              empty={<EmptyState title="No more sessions">You have reached the end of the list.</EmptyState>}
            />
          </Card>
          {hasOthers && <EndOthersButton />}
        </div>
      </ActionForm>
      <Pagination
        firstHref={page.cursor === null ? null : PATH}
        nextHref={nextCursor && addressOf(PATH, { cursor: nextCursor })}
      />
    </SignedInShell>
  );
}

function EndOthersButton() {
  return (
    <div>
      <ConfirmButton
        name="end"
        value="others"
        title="End all other sessions?"
        description="You stay signed in here, and in the apps that you use in this browser. Other devices, and apps that stay connected without this browser, have to ask again."
        confirmLabel="End the others"
      >
        End all other sessions
      </ConfirmButton>
    </div>
  );
}
