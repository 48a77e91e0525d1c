import { ActionForm } from "@/app/_ui/action-form";
import { Card } from "@/app/_ui/card";
import { SubmitButton } from "@/app/_ui/submit-button";
import { Was } from "@/app/_ui/was";
import type { Audience } from "@/lib/audiences/audience";
import { PROFILES } from "@/lib/tokens/profiles";
import { change } from "../actions";
import type { ViewQuery } from "../query";
import { LifetimeField, RecipientFields, ScopeField } from "../setting-fields";
import { shownText } from "./settings-text";

interface ChangeFormProps {
  audience: Audience;
  /** What was typed before a detour. */
  typed: ViewQuery;
}

export function ChangeForm({ audience, typed }: ChangeFormProps) {
  const { maxLifetimeSeconds } = PROFILES[audience.profile];
  const now = shownText(audience);
  return (
    <Card title="Settings" description="A change holds for every token that is made from then on.">
      <ActionForm action={change} layout="plain" label="Settings">
        <input type="hidden" name="identifier" value={audience.identifier} />
        <Was values={now} typed={typed.was} />
        <div className="grid max-w-2xl gap-5">
          <LifetimeField
            at={typed.lifetimeSeconds ?? now.lifetimeSeconds}
            hint={`From 60 to ${maxLifetimeSeconds}. No token outlives the session that it is of.`}
            required
          />
          <ScopeField at={typed.scope ?? now.scope} />
          {now.encryptionJwk !== undefined && (
            <RecipientFields
              jwk={typed.encryptionJwk ?? now.encryptionJwk}
              jwksUri={typed.jwksUri ?? now.jwksUri ?? null}
            />
          )}
          <div>
            <SubmitButton variant="secondary">Save</SubmitButton>
          </div>
        </div>
      </ActionForm>
    </Card>
  );
}
