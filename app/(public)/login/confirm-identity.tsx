import { AuthCard } from "@/app/_ui/auth-card";
import { ButtonLink } from "@/app/_ui/button-link";
import { LoginForm } from "./login-form";

/** Signing in again, for a change that asks for a fresh sign-in. */
export function ConfirmIdentity({ email, returnTo }: { email: string; returnTo: string }) {
  return (
    <AuthCard
      title="Confirm it is you"
      intro="Enter your password again to go on."
      footer={
        // An app that asks for it would ask again.
        returnTo.startsWith("/oauth/") ? undefined : (
          <ButtonLink href={returnTo} variant="quiet" size="small">
            Go back without confirming
          </ButtonLink>
        )
      }
    >
      <LoginForm returnTo={returnTo} email={email} submitLabel="Confirm" />
    </AuthCard>
  );
}
