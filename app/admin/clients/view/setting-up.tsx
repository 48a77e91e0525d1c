import { Card } from "@/app/_ui/card";
import { CopyBlock } from "@/app/_ui/copy-block";
import { CopyField } from "@/app/_ui/copy-field";
import type { Client } from "@/lib/oauth/client";
import { clientMetadata, discoveryOf } from "./client-metadata";

interface SettingUpProps {
  client: Client;
  /** The origin of this Latchkey. */
  issuer: string;
}

/** What the program has to be told. Nothing of it is secret. */
export function SettingUp({ client, issuer }: SettingUpProps) {
  return (
    <Card
      title="In the program: its settings"
      description="Most libraries for OAuth need the first two, and find the rest themselves. Nothing here is secret."
    >
      <div className="grid gap-5">
        <CopyField label="Issuer" value={issuer} />
        <CopyField label="Client ID" value={client.id} />
        <CopyField label="Discovery address" value={discoveryOf(client, issuer)} />
        <CopyBlock title="All of it, by the names of RFC 7591">
          {JSON.stringify(clientMetadata(client, issuer), null, 2)}
        </CopyBlock>
      </div>
    </Card>
  );
}
