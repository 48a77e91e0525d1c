import { AuthCard } from "@/app/_ui/auth-card";
import { Button } from "@/app/_ui/button";

/** What is shown instead of a page that could not be made. */
export function BrokenPage({ retry }: { retry: () => void }) {
  return (
    <>
      <title>Something went wrong · Latchkey</title>
      <AuthCard
        title="Something went wrong"
        intro="This page could not be shown. Nothing was lost; try again in a moment."
      >
        <Button variant="primary" onClick={retry}>
          Try again
        </Button>
      </AuthCard>
    </>
  );
}
