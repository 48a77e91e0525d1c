import { ReasonField } from "@/app/_parts/reason-field";
import { ActionForm } from "@/app/_ui/action-form";
import { Card } from "@/app/_ui/card";
import { ConfirmButton } from "@/app/_ui/confirm-button";
import { endOfEveryone } from "./actions";

export function EndEveryone() {
  return (
    <Card
      title="Everyone at once"
      description="For when you do not know which sessions to trust. Everybody has to sign in again; your own session here stays, with the apps that you use in it."
    >
      <ActionForm action={endOfEveryone} resetOnOk label="End everyone’s sessions">
        <ReasonField />
        <ConfirmButton
          title="End everyone’s sessions?"
          description="Every person is signed out on every device, at once. Your own session here stays, with the apps that you use in it."
          confirmLabel="End everyone’s sessions"
        >
          End everyone’s sessions
        </ConfirmButton>
      </ActionForm>
    </Card>
  );
}
