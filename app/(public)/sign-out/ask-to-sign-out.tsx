import { ActionForm } from "@/app/_ui/action-form";
import { AuthCard } from "@/app/_ui/auth-card";
import { ButtonLink } from "@/app/_ui/button-link";
import { Notice } from "@/app/_ui/notice";
import { SubmitButton } from "@/app/_ui/submit-button";
import type { LogoutRequest } from "@/lib/oauth/end-session";
import type { SessionUser } from "@/lib/sessions/session";
import { leave } from "./actions";

export function AskToSignOut({
  client,
  hint,
  user,
}: LogoutRequest & { user: Pick<SessionUser, "id" | "email"> }) {
  const isAnothers = hint !== null && hint.sub !== user.id;
  return (
    <AuthCard
      title="Sign out of Latchkey?"
      intro={
        <p className="wrap-anywhere">
          {client !== null && <>You come from {client.name}. </>}You are signed in here as {user.email}.
        </p>
      }
      footer={
        <ButtonLink href="/" variant="quiet" size="small">
          Stay signed in
        </ButtonLink>
      }
    >
      <div className="grid gap-5">
        {isAnothers && (
          <Notice tone="warning">You were signed in there with another account than this one.</Notice>
        )}
        <ActionForm action={leave}>
          <SubmitButton block>Sign out</SubmitButton>
        </ActionForm>
      </div>
    </AuthCard>
  );
}
