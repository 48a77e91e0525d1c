import { ActionForm } from "@/app/_ui/action-form";
import { Card } from "@/app/_ui/card";
import { ConfirmButton } from "@/app/_ui/confirm-button";
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
          description={`${identifier} gets no more tokens, at once. A token that has been made is good until it expires.`}
          confirmLabel="Remove audience"
        >
          Remove audience
        </ConfirmButton>
      </ActionForm>
    </Card>
  );
}
