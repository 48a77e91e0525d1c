import { ActionForm } from "@/app/_ui/action-form";
import { Card } from "@/app/_ui/card";
import { ConfirmButton } from "@/app/_ui/confirm-button";
import type { Audience } from "@/lib/audiences/audience";
import { renewFeedToken } from "../actions";

export function FeedToken({ audience: { identifier, hasFeedToken } }: { audience: Audience }) {
  return (
    <Card
      title="Feed token"
      description="With it the service reads the revocation feed, and refuses within seconds what is revoked here. Latchkey keeps no copy: where it is lost, make a new one. The newest two work."
    >
      <ActionForm action={renewFeedToken} label="Feed token">
        <input type="hidden" name="identifier" value={identifier} />
        <ConfirmButton
          variant="secondary"
          title="Make a new feed token?"
          description={
            hasFeedToken
              ? "The present one works until another is made; one that was made before it stops working now."
              : undefined
          }
          confirmLabel="Make feed token"
          confirmVariant="primary"
        >
          New feed token
        </ConfirmButton>
      </ActionForm>
    </Card>
  );
}
