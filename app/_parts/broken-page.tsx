import { AuthCard } from "@/app/_ui/auth-card";
import { Button } from "@/app/_ui/button";

/**
 * What is shown instead of a page that could not be made. The browser learns nothing of the error, so
 * the words are true of an outage of the database and of a fault of ours.
 */
export function BrokenPage({ retry }: { retry: () => void }) {
  return (
    <AuthCard title="This page could not be shown" intro="Nothing was lost; try again in a moment.">
      <Button variant="primary" onClick={retry}>
        Try again
      </Button>
    </AuthCard>
  );
}
