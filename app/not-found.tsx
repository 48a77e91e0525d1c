import { AuthCard } from "./_ui/auth-card";
import { ButtonLink } from "./_ui/button-link";

export default function NotFoundPage() {
  return (
    <AuthCard title="There is nothing here" intro="The address may be mistyped, or what was here is gone.">
      <ButtonLink href="/" variant="primary">
        Back to the start
      </ButtonLink>
    </AuthCard>
  );
}
