import { ActionForm } from "@/app/_ui/action-form";
import { Card } from "@/app/_ui/card";
import { ConfirmButton } from "@/app/_ui/confirm-button";
import type { Client } from "@/lib/oauth/client";
import { addSecret, endFormerSecret } from "../actions";

/** The secret of a client, and its replacement: make, hand over, end the former. */
export function Secrets({ client: { id, hasPreviousSecret } }: { client: Client }) {
  return (
    <Card
      title="Secret"
      description="Latchkey keeps no copy: where it is lost, make a new one. The newest two work, so that it can be replaced without a pause."
    >
      <div className="grid gap-5 [&>form:empty]:hidden">
        {/* Both forms are always there: what one of them has said must not go with its button. */}
        <ActionForm action={addSecret} layout="plain" label="Make a new secret">
          <input type="hidden" name="id" value={id} />
          <ConfirmButton
            variant="secondary"
            title="Make a new secret?"
            description={
              hasPreviousSecret
                ? "The present one works beside it; the one before that stops working now."
                : "The present one works beside it until you end it."
            }
            confirmLabel="Make secret"
            confirmVariant="primary"
          >
            New secret
          </ConfirmButton>
        </ActionForm>
        <ActionForm action={endFormerSecret} layout="plain" label="End the former secret">
          {hasPreviousSecret && <EndFormer id={id} />}
        </ActionForm>
      </div>
    </Card>
  );
}

function EndFormer({ id }: { id: string }) {
  return (
    <>
      <input type="hidden" name="id" value={id} />
      <ConfirmButton
        title="End the former secret?"
        description="The newest alone works from now on. A program that still uses the former one is refused."
        confirmLabel="End former secret"
      >
        End the former secret
      </ConfirmButton>
    </>
  );
}
