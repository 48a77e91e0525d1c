import { ActionForm } from "@/app/_ui/action-form";
import { Card } from "@/app/_ui/card";
import { ChoiceField } from "@/app/_ui/choice-field";
import { CopyBlock } from "@/app/_ui/copy-block";
import { Field } from "@/app/_ui/field";
import { Select } from "@/app/_ui/select";
import { SubmitButton } from "@/app/_ui/submit-button";
import { TextInput } from "@/app/_ui/text-input";
import { AUDIENCE_PROFILES } from "@/lib/audiences/audience";
import { PROFILES } from "@/lib/tokens/profiles";
import { create } from "./actions";
import { MONOLITH_TEXT, PROFILE_TEXT } from "./profile-text";
import type { AudiencesQuery } from "./query";
import { LifetimeField, RecipientFields, ScopeField } from "./setting-fields";
import { KEY_PAIR_SNIPPET } from "./snippets";

/** What was typed before a detour. */
type Typed = Omit<AudiencesQuery, "limit" | "cursor">;

export function AddAudience({ typed }: { typed: Typed }) {
  return (
    <Card
      title="Add an audience"
      description="Identifier, profile and algorithm are for good: a service is set up for them. The rest can be changed."
    >
      <ActionForm action={create} layout="plain" resetOnOk label="Add an audience">
        <div className="grid max-w-2xl gap-5">
          <IdentifierField at={typed.identifier} />
          <ChoiceField
            name="profile"
            legend="Profile"
            choices={AUDIENCE_PROFILES.map((name) => ({
              value: name,
              label: name,
              description: PROFILE_TEXT[name],
            }))}
            defaultValue={typed.profile ?? "mesh"}
            hint={MONOLITH_TEXT}
          />
          <div className="grid items-start gap-5 sm:grid-cols-2">
            <AlgorithmField at={typed.algorithm} />
            <LifetimeField
              at={typed.lifetimeSeconds}
              hint={`Left out: ${PROFILES.mesh.lifetimeSeconds}, and ${PROFILES["high-security"].lifetimeSeconds} for high-security.`}
            />
          </div>
          <ScopeField at={typed.scope} />
          <Recipient typed={typed} />
          <div>
            <SubmitButton>Add audience</SubmitButton>
          </div>
        </div>
      </ActionForm>
    </Card>
  );
}

function IdentifierField({ at }: { at: string | null }) {
  return (
    <Field
      name="identifier"
      label="Identifier"
      required
      hint="The aud of its tokens: a name such as orders, or an address such as https://orders.example/v1."
    >
      <TextInput
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        maxLength={200}
        defaultValue={at ?? undefined}
      />
    </Field>
  );
}

function AlgorithmField({ at }: { at: string | null }) {
  return (
    <Field name="algorithm" label="Algorithm" hint="Only mesh has a choice.">
      <Select defaultValue={at ?? ""}>
        <option value="">As the profile has it</option>
        {PROFILES.mesh.algorithms.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </Select>
    </Field>
  );
}

function Recipient({ typed: { encryptionJwk, jwksUri } }: { typed: Typed }) {
  return (
    <fieldset className="grid min-w-0 gap-5 rounded-control border border-line px-4 pt-2 pb-4">
      <legend className="px-1.5 text-sm font-medium">For high-security alone: one of these</legend>
      <RecipientFields jwk={encryptionJwk} jwksUri={jwksUri} />
      <details className="min-w-0">
        <summary className="w-fit cursor-pointer text-sm text-muted hover:text-ink">
          How a service makes such a key
        </summary>
        <div className="mt-3">
          <CopyBlock title={KEY_PAIR_SNIPPET.fileName}>{KEY_PAIR_SNIPPET.code}</CopyBlock>
        </div>
      </details>
    </fieldset>
  );
}
