import { ActionForm } from "@/app/_ui/action-form";
import { Card } from "@/app/_ui/card";
import { ChoiceField } from "@/app/_ui/choice-field";
import { SubmitButton } from "@/app/_ui/submit-button";
import { create } from "./actions";
import { CLIENT_KINDS, KIND_FACTS } from "./client-kinds";
import { NewClientAdvanced } from "./new-client-advanced";
import { NotOfServices } from "./not-of-kind";
import type { Typed } from "./query";
import { AudiencesField, NameField, RedirectUrisField, ScopeField } from "./setting-fields";

interface AddClientProps {
  /** What was typed before a detour. */
  typed: Typed & { kind: string | null };
  /** Identifiers of services that there are. */
  knownAudiences: readonly string[];
}

export function AddClient({ typed, knownAudiences }: AddClientProps) {
  return (
    <Card
      title="Add a client"
      description="How it authenticates is for good. The rest can be changed on its page."
    >
      <ActionForm action={create} layout="plain" resetOnOk label="Add a client">
        <div className="group/kind grid max-w-2xl gap-5">
          <NameField at={typed.name} />
          <ChoiceField
            name="kind"
            legend="What it is"
            choices={CLIENT_KINDS.map((value) => ({ value, ...KIND_FACTS[value] }))}
            defaultValue={typed.kind ?? "web"}
          />
          <NotOfServices>
            <RedirectUrisField at={typed.redirectUris} />
          </NotOfServices>
          <AudiencesField at={typed.audiences} known={knownAudiences} />
          <ScopeField
            at={typed.scope}
            hint={`All that it may ask for: words with one space between, also those of its audiences. Left out: ${KIND_FACTS.web.scope}; of a service nothing.`}
          />
          <NewClientAdvanced typed={typed} />
          <div>
            <SubmitButton>Add client</SubmitButton>
          </div>
        </div>
      </ActionForm>
    </Card>
  );
}
