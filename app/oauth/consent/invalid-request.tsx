import { AuthCard } from "@/app/_ui/auth-card";
import { ButtonLink } from "@/app/_ui/button-link";

/** A request that cannot be answered, and of which the client cannot be told from here. */
export function InvalidRequest({ problem }: { problem: string }) {
  return (
    <AuthCard
      title="This did not work"
      intro="The app that sent you here asked for something that cannot be done. Go back to it and try again."
    >
      <div className="grid gap-5">
        <p className="text-sm text-muted">{problem}</p>
        <ButtonLink href="/">Back to the start</ButtonLink>
      </div>
    </AuthCard>
  );
}
