import { ReasonField } from "@/app/_parts/reason-field";
import { ActionForm } from "@/app/_ui/action-form";
import { Card } from "@/app/_ui/card";
import { ConfirmButton } from "@/app/_ui/confirm-button";
import { DefinitionList } from "@/app/_ui/definition-list";
import { Notice } from "@/app/_ui/notice";
import { Time } from "@/app/_ui/time";
import { KEY_STAGED_SECONDS } from "@/lib/config/durations";
import { addSeconds } from "@/lib/crypto/clock";
import type { KeyOverview, ShownKey } from "@/lib/key-overview";
import { rotateNow } from "./actions";
import { shortKid } from "./key-text";

interface CurrentKeysProps {
  overview: KeyOverview;
  /** Typed before a detour. */
  reason: string | null;
}

/** Which key signs, which one will and when, and the button for those who cannot wait. */
export function CurrentKeys({ overview: { keys, signingKid, next, now }, reason }: CurrentKeysProps) {
  const signing = keys.find(({ kid }) => kid === signingKid) ?? null;
  const nextKey = keys.find(({ kid }) => kid === next?.kid);
  return (
    <ActionForm action={rotateNow} layout="plain" label="Rotate now">
      <Card
        title="Current key"
        actions={nextKey && <RotateButton next={nextKey} now={now} reason={reason} />}
      >
        <div className="grid gap-4">
          {signing === null && (
            <Notice tone="danger">
              No key can sign for the moment. What is wrong stands above the table.
            </Notice>
          )}
          <DefinitionList
            items={[
              ...(signing === null
                ? []
                : [{ term: "Signs now", description: <Signing signing={signing} /> }]),
              { term: "Next rotation", description: <NextRotation next={next} /> },
            ]}
          />
        </div>
      </Card>
    </ActionForm>
  );
}

function Signing({ signing: { kid, algorithm, activatedAt } }: { signing: ShownKey }) {
  return (
    <>
      <Kid kid={kid} />, {algorithm}
      {activatedAt !== null && (
        <>
          , since <Time at={activatedAt} format="absolute" />
        </>
      )}
    </>
  );
}

function NextRotation({ next }: Pick<KeyOverview, "next">) {
  if (next === null) return "A new key is about to be staged.";
  return (
    <>
      <Time at={next.at} format="absolute" />, to <Kid kid={next.kid} />
    </>
  );
}

const Kid = ({ kid }: { kid: string }) => <code title={kid}>{shortKid(kid)}</code>;

interface RotateButtonProps {
  next: ShownKey;
  now: Date;
  reason: string | null;
}

function RotateButton({ next, now, reason }: RotateButtonProps) {
  const soonest = addSeconds(next.createdAt, KEY_STAGED_SECONDS);
  const isAtOnce = soonest <= now;
  return (
    <ConfirmButton
      variant="secondary"
      size="small"
      title="Rotate now?"
      description={
        <>
          Key {shortKid(next.kid)} signs {isAtOnce ? "at once" : <Time at={soonest} />}
          {isAtOnce ? ": services have heard of it." : ", when every service can have heard of it."} Nobody is
          signed out.
        </>
      }
      confirmLabel="Rotate now"
      confirmVariant="primary"
      fields={<ReasonField required={false} typed={reason} />}
    >
      Rotate now
    </ConfirmButton>
  );
}
