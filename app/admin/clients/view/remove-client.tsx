import { ActionForm } from "@/app/_ui/action-form";
import { Card } from "@/app/_ui/card";
import { ConfirmButton } from "@/app/_ui/confirm-button";
import { remove } from "../actions";

export function RemoveClient({ clientId }: { clientId: string }) {
  return (
    <Card
      title="Remove"
      description="It can ask for nothing more, and all that it has is refused. What people have allowed it is forgotten."
    >
      <ActionForm action={remove} label="Remove this client">
        <input type="hidden" name="id" value={clientId} />
        <ConfirmButton
          title="Remove this client?"
          description="Its grants and tokens end at once, for everybody. This cannot be undone: added again, it has another client ID."
          confirmLabel="Remove client"
        >
          Remove client
        </ConfirmButton>
      </ActionForm>
    </Card>
  );
}
