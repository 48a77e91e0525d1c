import { ActionForm } from "@/app/_ui/action-form";
import { Card } from "@/app/_ui/card";
import { ConfirmButton } from "@/app/_ui/confirm-button";
import { PROFILES } from "@/lib/tokens/profiles";
import { remove } from "../actions";

export function RemoveAudience({ identifier }: { identifier: string }) {
  return (
    <Card
      title="Remove"
      description="No more tokens are made for this service, and it can no longer read the revocation feed. Its secrets are erased."
    >
      <ActionForm action={remove} label="Remove this audience">
        <input type="hidden" name="identifier" value={identifier} />
        <ConfirmButton
          title="Remove this audience?"
          description={
            <>
              <p>
                {identifier} gets no more tokens, at once. If it reads the revocation feed, it refuses
                everybody once it has had no news for too long: {PROFILES.mesh.revocationSeconds} seconds
                unless it says otherwise, {PROFILES["high-security"].revocationSeconds} for high-security. If
                not, it accepts a token that has been made until that expires.
              </p>
              <p className="mt-2">If it is to go on as another audience, switch it to that one first.</p>
            </>
          }
          confirmLabel="Remove audience"
        >
          Remove audience
        </ConfirmButton>
      </ActionForm>
    </Card>
  );
}
