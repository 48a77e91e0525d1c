import { requireAdmin } from "@/app/_http/current-session";
import { readSearch, type SearchParams } from "@/app/_http/search-params";
import { SignedInShell } from "@/app/_parts/signed-in-shell";
import { Card } from "@/app/_ui/card";
import { PageHeader } from "@/app/_ui/page-header";
import { readKeyOverview } from "@/lib/key-overview";
import { services } from "@/lib/services";
import { CurrentKeys } from "./current-keys";
import { KeyList } from "./key-list";
import { lineNames, planOf } from "./lines";
import { keysQuery } from "./query";
import { layOutTimeline } from "./timeline";
import { TimelineLegend } from "./timeline-legend";
import { TimelinePicture } from "./timeline-picture";

const MAX_KEYS = 100;

export default async function KeysPage({ searchParams }: { searchParams: SearchParams }) {
  await requireAdmin();
  const typed = await readSearch(searchParams, keysQuery);
  const overview = await readKeyOverview(services(), MAX_KEYS);
  const { keys, lines } = overview;
  const plan = planOf(overview);
  const timeline = layOutTimeline(keys, plan, services().keys.schedule.rotationSeconds);
  return (
    <SignedInShell>
      <PageHeader
        title="Keys"
        description="Every access token is signed with one of these keys, and they replace one another by themselves."
      />
      <CurrentKeys overview={overview} typed={typed} />
      <Card title="Timeline" description="The newest key on top. Dates are in UTC.">
        <div className="grid gap-5">
          <TimelinePicture timeline={timeline} signingKids={lines.map(({ signingKid }) => signingKid)} />
          <TimelineLegend />
        </div>
      </Card>
      <KeyList keys={keys} plan={plan} lineNames={lineNames(lines)} typed={typed} />
    </SignedInShell>
  );
}
