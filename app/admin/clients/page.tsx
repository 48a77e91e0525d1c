import { requireAdmin } from "@/app/_http/current-session";
import { addressOf, orNotFound, readSearch, type SearchParams } from "@/app/_http/search-params";
import { SignedInShell } from "@/app/_parts/signed-in-shell";
import { PageHeader } from "@/app/_ui/page-header";
import { Pagination } from "@/app/_ui/pagination";
import { services } from "@/lib/services";
import { AddClient } from "./add-client";
import { ClientList } from "./client-list";
import { knownAudiences } from "./known-audiences";
import { clientsQuery, PATH } from "./query";

export default async function ClientsPage({ searchParams }: { searchParams: SearchParams }) {
  await requireAdmin();
  const { limit, cursor, ...typed } = await readSearch(searchParams, clientsQuery);
  const { stores } = services();
  const { items, nextCursor } = await orNotFound(stores.clients.list({ limit, cursor }));
  return (
    <SignedInShell>
      <PageHeader
        title="Clients"
        description="The programs that ask for tokens over OAuth 2: web applications, apps and services."
      />
      <ClientList clients={items} />
      <Pagination
        firstHref={cursor === null ? null : PATH}
        nextHref={nextCursor && addressOf(PATH, { cursor: nextCursor })}
      />
      <AddClient typed={typed} knownAudiences={await knownAudiences()} />
    </SignedInShell>
  );
}
