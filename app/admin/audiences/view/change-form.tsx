import { ActionForm } from "@/app/_ui/action-form";
import { Card } from "@/app/_ui/card";
import { SubmitButton } from "@/app/_ui/submit-button";
import { Was } from "@/app/_ui/was";
import type { Audience } from "@/lib/audiences/audience";
import { PROFILES } from "@/lib/tokens/profiles";
import { change } from "../actions";
import type { ViewQuery } from "../query";
import { LifetimeField, RecipientFields, ScopeField } from "../setting-fields";

interface ChangeFormProps {
  audience: Audience;
  /** What was typed before a detour. */
  typed: ViewQuery;
}

export function ChangeForm({ audience, typed }: ChangeFormProps) {
  const { identifier, profile, lifetimeSeconds, scope, encryptionKey, jwksUri } = audience;
  const { encryption, maxLifetimeSeconds } = PROFILES[profile];
  const jwk = encryptionKey && JSON.stringify({ ...encryptionKey.jwk, kid: encryptionKey.kid }, null, 2);
  return (
    <Card title="Settings" description="A change holds for every token that is made from then on.">
      <ActionForm action={change} layout="plain" label="Settings">
        <input type="hidden" name="identifier" value={identifier} />
        <Was values={{ lifetimeSeconds: String(lifetimeSeconds), scope, encryptionJwk: jwk, jwksUri }} />
        <div className="grid max-w-2xl gap-5">
          <LifetimeField
            at={typed.lifetimeSeconds ?? String(lifetimeSeconds)}
            hint={`From 60 to ${maxLifetimeSeconds}. No token outlives the session that it is of.`}
            required
          />
          <ScopeField at={typed.scope ?? scope} />
          {encryption !== null && (
            <RecipientFields jwk={typed.encryptionJwk ?? jwk} jwksUri={typed.jwksUri ?? jwksUri} />
          )}
          <div>
            <SubmitButton variant="secondary">Save</SubmitButton>
          </div>
        </div>
      </ActionForm>
    </Card>
  );
}
