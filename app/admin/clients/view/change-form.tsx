import { ActionForm } from "@/app/_ui/action-form";
import { Card } from "@/app/_ui/card";
import { SubmitButton } from "@/app/_ui/submit-button";
import { Was } from "@/app/_ui/was";
import { type Client, isPublic } from "@/lib/oauth/client";
import { change } from "../actions";
import { ADVANCED_FIELDS } from "../form-fields";
import { MoreSettings } from "../more-settings";
import type { Typed } from "../query";
import { AudiencesField, KeyFields, NameField, RedirectUrisField, ScopeField } from "../setting-fields";
import { AdvancedFields } from "./advanced-fields";
import { settingsText, shownText } from "./settings-text";

interface ChangeFormProps {
  client: Client;
  /** What was typed before a detour. */
  typed: Typed;
  /** What the fields had shown before it. */
  was: string | null;
  /** Identifiers of services that there are. */
  knownAudiences: readonly string[];
}

export function ChangeForm({ client, typed, was, knownAudiences }: ChangeFormProps) {
  const at = settingsText(client, typed);
  return (
    <Card title="Settings" description="A change holds for every request from then on.">
      <ActionForm action={change} layout="plain" label="Settings">
        <input type="hidden" name="id" value={client.id} />
        <Was values={shownText(client)} typed={was} />
        <div className="grid max-w-2xl gap-5">
          <NameField at={at.name} />
          <RedirectUrisField at={at.redirectUris} />
          <AudiencesField at={at.audiences} known={knownAudiences} />
          <ScopeField at={at.scope} hint="All that it may ask for: words with one space between." />
          {client.authMethod === "private_key_jwt" && (
            <KeyFields jwks={at.jwks} jwksUri={at.jwksUri} hint="Of its assertions, as a JWK Set." />
          )}
          <MoreSettings
            summary="Advanced settings"
            names={ADVANCED_FIELDS}
            isOpen={ADVANCED_FIELDS.some((name) => typed[name] !== null)}
          >
            <AdvancedFields at={at} isPublic={isPublic(client)} />
          </MoreSettings>
          <div>
            <SubmitButton variant="secondary">Save</SubmitButton>
          </div>
        </div>
      </ActionForm>
    </Card>
  );
}
