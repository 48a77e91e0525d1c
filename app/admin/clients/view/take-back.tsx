import { ReasonField } from "@/app/_parts/reason-field";
import { ActionForm } from "@/app/_ui/action-form";
import { Card } from "@/app/_ui/card";
import { ConfirmButton } from "@/app/_ui/confirm-button";
import { takeBack } from "../actions";

interface TakeBackProps {
  clientId: string;
  /** What was typed before a detour. */
  typedReason: string | null;
}

export function TakeBack({ clientId, typedReason }: TakeBackProps) {
  return (
    <Card
      title="Everything at once"
      description="For when you do not know who has its tokens. Every grant ends, and what it got for itself is refused. It stays registered, and may ask anew: where its secret or key is out, replace that first."
    >
      <ActionForm action={takeBack} resetOnOk label="Take everything back">
        <input type="hidden" name="id" value={clientId} />
        <ReasonField typed={typedReason} />
        <ConfirmButton
          title="Take everything back?"
          description="Every token of this client is refused, at once. Whoever uses it has to let it in again."
          confirmLabel="Take everything back"
        >
          Take everything back
        </ConfirmButton>
      </ActionForm>
    </Card>
  );
}
