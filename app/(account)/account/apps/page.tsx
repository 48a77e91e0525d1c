import { requireSession } from "@/app/_http/current-session";
import { SignedInShell } from "@/app/_parts/signed-in-shell";
import { ActionForm } from "@/app/_ui/action-form";
import { Card } from "@/app/_ui/card";
import { DataTable } from "@/app/_ui/data-table";
import { EmptyState } from "@/app/_ui/empty-state";
import { PageHeader } from "@/app/_ui/page-header";
import { listConnectedApps } from "@/lib/oauth/connected-apps";
import { services } from "@/lib/services";
import { disconnect } from "./actions";
import { columnsFor } from "./columns";

export default async function ConnectedAppsPage() {
  const { sub } = await requireSession();
  const { oauth } = services();
  const apps = await listConnectedApps(oauth, sub);
  return (
    <SignedInShell>
      <PageHeader
        title="Connected apps"
        description="Programs that you have let in. Disconnect one that you no longer use, or do not recognise."
      />
      <ActionForm action={disconnect} layout="plain" label="Connected apps">
        <Card flush>
          <DataTable
            caption="Connected apps"
            columns={columnsFor(oauth.issuer)}
            rows={apps}
            rowKey={({ client }) => client.id}
            empty={
              <EmptyState title="No app is connected">
                When you let a program in with your account here, you find it in this list.
              </EmptyState>
            }
          />
        </Card>
      </ActionForm>
    </SignedInShell>
  );
}
