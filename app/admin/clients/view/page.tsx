import { notFound } from "next/navigation";
import { requireAdmin } from "@/app/_http/current-session";
import { orNotFound, readSearch, type SearchParams } from "@/app/_http/search-params";
import { SignedInShell } from "@/app/_parts/signed-in-shell";
import { ButtonLink } from "@/app/_ui/button-link";
import { Card } from "@/app/_ui/card";
import { DefinitionList } from "@/app/_ui/definition-list";
import { PageHeader } from "@/app/_ui/page-header";
import { Time } from "@/app/_ui/time";
import type { Client } from "@/lib/oauth/client";
import { services } from "@/lib/services";
import { AUTH_METHOD_TEXT, purposeText } from "../client-text";
import { knownAudiences } from "../known-audiences";
import { PATH, viewQuery } from "../query";
import { ChangeForm } from "./change-form";
import { Grants } from "./grants";
import { LogoutDeliveries } from "./logout-deliveries";
import { RemoveClient } from "./remove-client";
import { Secrets } from "./secrets";
import { SettingUp } from "./setting-up";
import { TakeBack } from "./take-back";

const MAX_DELIVERIES = 20;

/** One client. Its secret is never here: it was told once. */
export default async function ClientPage({ searchParams }: { searchParams: SearchParams }) {
  await requireAdmin();
  const { id, limit, cursor, reason, was, ...typed } = await readSearch(searchParams, viewQuery);
  const { stores, clock, settings } = services();
  const client = (await stores.clients.find(id)) ?? notFound();
  const live = { query: null, userId: null, state: "live", clientId: id } as const;
  const grants = await orNotFound(stores.sessions.search(live, { limit, cursor }, clock.now()));
  const deliveries = await stores.logoutDeliveries.listOfClient(id, MAX_DELIVERIES);
  return (
    <SignedInShell>
      <PageHeader
        title={client.name}
        description={purposeText(client.grantTypes)}
        actions={
          <ButtonLink href={PATH} size="small">
            All clients
          </ButtonLink>
        }
      />
      <Facts client={client} />
      <SettingUp client={client} issuer={settings.origin} />
      {client.authMethod === "client_secret" && <Secrets client={client} />}
      <Grants clientId={id} grants={grants} isFirstPage={cursor === null} />
      {deliveries.length > 0 && <LogoutDeliveries deliveries={deliveries} />}
      <ChangeForm client={client} typed={typed} was={was} knownAudiences={await knownAudiences()} />
      <TakeBack clientId={id} typedReason={reason} />
      <RemoveClient clientId={id} />
    </SignedInShell>
  );
}

function Facts({ client: { authMethod, algorithm, audiences, createdAt, updatedAt } }: { client: Client }) {
  return (
    <Card title="About it">
      <DefinitionList
        items={[
          { term: "Authenticates", description: AUTH_METHOD_TEXT[authMethod] },
          {
            term: "Audiences",
            description: (
              <span className="wrap-anywhere">{audiences.join(", ") || "Latchkey’s userinfo alone"}</span>
            ),
          },
          { term: "Algorithm", description: algorithm },
          { term: "Added", description: <Time at={createdAt} format="absolute" /> },
          { term: "Last changed", description: <Time at={updatedAt} format="absolute" /> },
        ]}
      />
    </Card>
  );
}
