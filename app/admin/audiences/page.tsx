import { requireAdmin } from "@/app/_http/current-session";
import { addressOf, orNotFound, readSearch, type SearchParams } from "@/app/_http/search-params";
import { SignedInShell } from "@/app/_parts/signed-in-shell";
import { PageHeader } from "@/app/_ui/page-header";
import { Pagination } from "@/app/_ui/pagination";
import { audiencesWithWaitingSecret } from "@/lib/audiences/live-secrets";
import { services } from "@/lib/services";
import { AddAudience } from "./add-audience";
import { AudienceList } from "./audience-list";
import { OwnPages } from "./own-pages";
import { audiencesQuery, PATH } from "./query";

export default async function AudiencesPage({ searchParams }: { searchParams: SearchParams }) {
  await requireAdmin();
  const { limit, cursor, ...typed } = await readSearch(searchParams, audiencesQuery);
  const { stores, keyring, settings } = services();
  const { items, nextCursor } = await orNotFound(stores.audiences.list({ limit, cursor }));
  await keyring.load();
  return (
    <SignedInShell>
      <PageHeader
        title="Audiences"
        description="The services that accept Latchkey’s tokens. Each has a profile: how its tokens are made, and how it checks them."
      />
      <OwnPages settings={settings} />
      <AudienceList audiences={items} waiting={audiencesWithWaitingSecret(keyring.keys)} />
      <Pagination
        firstHref={cursor === null ? null : PATH}
        nextHref={nextCursor && addressOf(PATH, { cursor: nextCursor })}
      />
      <AddAudience typed={typed} />
    </SignedInShell>
  );
}
