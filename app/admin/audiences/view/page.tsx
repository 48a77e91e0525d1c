import { notFound } from "next/navigation";
import { requireAdmin } from "@/app/_http/current-session";
import { readSearch, type SearchParams } from "@/app/_http/search-params";
import { SignedInShell } from "@/app/_parts/signed-in-shell";
import { ButtonLink } from "@/app/_ui/button-link";
import { Card } from "@/app/_ui/card";
import { DefinitionList } from "@/app/_ui/definition-list";
import { PageHeader } from "@/app/_ui/page-header";
import { Time } from "@/app/_ui/time";
import type { Audience } from "@/lib/audiences/audience";
import { secretsOf } from "@/lib/audiences/live-secrets";
import { services } from "@/lib/services";
import { PROFILES } from "@/lib/tokens/profiles";
import { PROFILE_TEXT } from "../profile-text";
import { PATH, viewQuery } from "../query";
import { ChangeForm } from "./change-form";
import { FeedToken } from "./feed-token";
import { RemoveAudience } from "./remove-audience";
import { Secrets } from "./secrets";
import { Verifying } from "./verifying";

/** One audience. What is secret of it is never here: it was told once. */
export default async function AudiencePage({ searchParams }: { searchParams: SearchParams }) {
  await requireAdmin();
  const typed = await readSearch(searchParams, viewQuery);
  const { stores, keyring, settings } = services();
  const audience = (await stores.audiences.find(typed.identifier)) ?? notFound();
  const { identifier, profile } = audience;
  await keyring.load();
  return (
    <SignedInShell>
      <PageHeader
        title={identifier}
        description={PROFILE_TEXT[profile]}
        actions={
          <ButtonLink href={PATH} size="small">
            All audiences
          </ButtonLink>
        }
      />
      <Facts audience={audience} />
      <Verifying facts={{ ...audience, issuer: settings.origin }} />
      {PROFILES[profile].keySource === "audience" && (
        <Secrets identifier={identifier} secrets={secretsOf(keyring.keys, identifier)} typed={typed} />
      )}
      <FeedToken audience={audience} />
      <ChangeForm audience={audience} typed={typed} />
      <RemoveAudience identifier={identifier} />
    </SignedInShell>
  );
}

function Facts({ audience: { profile, algorithm, createdAt, updatedAt } }: { audience: Audience }) {
  return (
    <Card title="About it">
      <DefinitionList
        items={[
          { term: "Profile", description: profile },
          { term: "Algorithm", description: algorithm },
          { term: "Added", description: <Time at={createdAt} format="absolute" /> },
          { term: "Last changed", description: <Time at={updatedAt} format="absolute" /> },
        ]}
      />
    </Card>
  );
}
