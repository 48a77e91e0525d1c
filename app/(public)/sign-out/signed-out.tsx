import { AuthCard } from "@/app/_ui/auth-card";
import { ButtonLink } from "@/app/_ui/button-link";
import { Leaving } from "@/app/_ui/leaving";
import type { LogoutRequest } from "@/lib/oauth/end-session";

/**
 * Leads back to the client. A page goes by itself where a form may not: `form-action` of its policy covers where a form
 * is redirected to.
 */
export function SignedOut({ client, returnTo }: Pick<LogoutRequest, "client" | "returnTo">) {
  if (client === null || returnTo === null) {
    return (
      <AuthCard title="You are signed out" intro="You may close this page.">
        <ButtonLink href="/login">Sign in</ButtonLink>
      </AuthCard>
    );
  }
  return (
    <AuthCard
      title="You are signed out"
      intro={<p className="wrap-anywhere">Taking you back to {client.name}.</p>}
    >
      <Leaving to={returnTo} label={`Back to ${client.name}`} />
    </AuthCard>
  );
}
