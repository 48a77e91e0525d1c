import { ReasonField } from "@/app/_parts/reason-field";
import { ActionForm } from "@/app/_ui/action-form";
import { ButtonLink } from "@/app/_ui/button-link";
import { Card } from "@/app/_ui/card";
import { ConfirmButton } from "@/app/_ui/confirm-button";
import type { SessionUser } from "@/lib/sessions/session";
import { endOfPerson } from "./actions";
import { PATH } from "./query";

/** Above one person's sessions: whose they are, and the way back to all. */
export function PersonHeader({ user: { name, email } }: { user: SessionUser }) {
  return (
    <Card
      title={name ?? email}
      description={name === null ? "All sessions of this person." : email}
      actions={
        <ButtonLink href={PATH} size="small">
          Everyone’s sessions
        </ButtonLink>
      }
    />
  );
}

/** Below them: all at once. */
export function EndOfPerson({ user: { id, email } }: { user: SessionUser }) {
  return (
    <Card title="All at once" description={`Signs ${email} out on every device.`}>
      <ActionForm action={endOfPerson} resetOnOk label="End all of this person’s sessions">
        <input type="hidden" name="userId" value={id} />
        <ReasonField />
        <ConfirmButton
          title="End all of this person’s sessions?"
          description={`${email} is signed out on every device, at once.`}
          confirmLabel="End all sessions"
        >
          End all of this person’s sessions
        </ConfirmButton>
      </ActionForm>
    </Card>
  );
}
