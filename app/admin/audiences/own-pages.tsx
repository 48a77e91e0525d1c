import { Card } from "@/app/_ui/card";
import { DefinitionList } from "@/app/_ui/definition-list";
import type { Settings } from "@/lib/config/settings";
import { ownProfileName } from "@/lib/tokens/profiles";
import { lifetimeText } from "./profile-text";

type OwnSettings = Pick<Settings, "origin" | "sessionAlgorithm" | "accessTokenSeconds">;

/** The audience that is always there, and is set up by settings alone. */
export function OwnPages({ settings }: { settings: OwnSettings }) {
  const { origin, sessionAlgorithm, accessTokenSeconds } = settings;
  return (
    <Card
      title="Our own pages"
      description="The first audience is Latchkey itself. It follows SESSION_ALGORITHM and ACCESS_TOKEN_MINUTES; no token for another service is accepted here."
    >
      <DefinitionList
        items={[
          { term: "Issuer and audience", description: <code className="wrap-anywhere">{origin}</code> },
          { term: "Profile", description: `${ownProfileName(sessionAlgorithm)}, ${sessionAlgorithm}` },
          { term: "Lifetime", description: lifetimeText(accessTokenSeconds) },
        ]}
      />
    </Card>
  );
}
