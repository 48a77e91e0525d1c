import { ReasonField } from "@/app/_parts/reason-field";
import { ActionForm } from "@/app/_ui/action-form";
import { Badge } from "@/app/_ui/badge";
import { Card } from "@/app/_ui/card";
import { ConfirmButton } from "@/app/_ui/confirm-button";
import { type Column, DataTable } from "@/app/_ui/data-table";
import { EmptyState } from "@/app/_ui/empty-state";
import { SubmitButton } from "@/app/_ui/submit-button";
import { Time } from "@/app/_ui/time";
import { KEY_STATES } from "@/app/admin/keys/key-states";
import { shortKid } from "@/app/admin/keys/key-text";
import { isLive, RevocationOfSecret } from "@/app/admin/keys/revocation-text";
import { KEY_RETIRING_SECONDS } from "@/lib/config/durations";
import { addSeconds } from "@/lib/crypto/clock";
import type { KnownKey } from "@/lib/keys/keyring";
import { activateSecret, addSecret, revokeSecret } from "../actions";
import type { ViewQuery } from "../query";

interface SecretsProps {
  identifier: string;
  /** The newest first. */
  secrets: readonly KnownKey[];
  typed: ViewQuery;
}

/** The secrets that this service shares with Latchkey, and their replacement: make, hand over, activate. */
export function Secrets({ identifier, secrets, typed }: SecretsProps) {
  const waiting = secrets.find(({ state }) => state === "staged") ?? null;
  return (
    <Card
      title="Secrets"
      description="One signs. To replace it: make the next one, let the service accept both, then activate it."
    >
      <div className="grid gap-5">
        <div className="grid gap-5 [&>form:empty]:hidden">
          {/* Both forms are always there: what one of them has shown once must not go with its button. */}
          <ActionForm action={addSecret} layout="plain" label="Make the next secret">
            {waiting === null && <AddSecret identifier={identifier} />}
          </ActionForm>
          <ActionForm action={activateSecret} layout="plain" label="Activate the next secret">
            {waiting !== null && <ActivateSecret identifier={identifier} kid={waiting.kid} />}
          </ActionForm>
        </div>
        <ActionForm action={revokeSecret} layout="plain" label="Secrets">
          <input type="hidden" name="identifier" value={identifier} />
          <noscript>
            <div className="mb-5 max-w-md">
              <ReasonField typed={typed.reason} />
            </div>
          </noscript>
          <div className="-mx-5 border-t border-line sm:-mx-6">
            <DataTable
              caption="Secrets"
              columns={columnsFor(typed)}
              rows={secrets}
              rowKey={({ kid }) => kid}
              empty={<EmptyState title="No secret">No token can be made until there is one.</EmptyState>}
            />
          </div>
        </ActionForm>
      </div>
    </Card>
  );
}

function AddSecret({ identifier }: { identifier: string }) {
  return (
    <>
      <input type="hidden" name="identifier" value={identifier} />
      <SubmitButton variant="secondary">Make the next secret</SubmitButton>
    </>
  );
}

function ActivateSecret({ identifier, kid }: { identifier: string; kid: string }) {
  return (
    <>
      <input type="hidden" name="identifier" value={identifier} />
      <ConfirmButton
        variant="primary"
        title={`Activate secret ${shortKid(kid)}?`}
        description="Every token is signed with it from now on: the service has to accept it already. The former one signs nothing more; the service can drop it at the time that the table then shows as “Accepted until”."
        confirmLabel="Activate"
        confirmVariant="primary"
      >
        Activate secret {shortKid(kid)}
      </ConfirmButton>
    </>
  );
}

const columnsFor = (typed: ViewQuery): Column<KnownKey>[] => [
  { key: "secret", header: "Secret", cell: ({ kid }) => <code title={kid}>{shortKid(kid)}</code> },
  { key: "state", header: "State", cell: (secret) => <State secret={secret} /> },
  { key: "life", header: "Life", cell: (secret) => <Life secret={secret} /> },
  {
    key: "revoke",
    header: "Revoke",
    hideHeader: true,
    align: "end",
    cell: (secret) => <RevokeButton secret={secret} typed={typed} />,
  },
];

function RevokeButton({ secret: { kid, state }, typed }: { secret: KnownKey; typed: ViewQuery }) {
  if (!isLive(state)) return null;
  return (
    <ConfirmButton
      size="small"
      name="kid"
      value={kid}
      aria-label={`Revoke secret ${shortKid(kid)}`}
      title={`Revoke secret ${shortKid(kid)}?`}
      description={<RevocationOfSecret state={state} />}
      confirmLabel="Revoke secret"
      fields={<ReasonField typed={typed.kid === kid ? typed.reason : null} />}
    >
      Revoke
    </ConfirmButton>
  );
}

function State({ secret: { state, problem } }: { secret: KnownKey }) {
  const { text, tone } = KEY_STATES[state];
  return (
    <>
      <Badge tone={tone}>{state === "staged" ? "Waiting" : text}</Badge>
      {problem !== null && <p className="mt-1 text-sm text-muted">{problem}</p>}
    </>
  );
}

function Life({ secret: { createdAt, activatedAt, retiringAt } }: { secret: KnownKey }) {
  if (retiringAt !== null) {
    return (
      <>
        Accepted until <Time at={addSeconds(retiringAt, KEY_RETIRING_SECONDS)} format="absolute" />
      </>
    );
  }
  return activatedAt === null ? (
    <>
      Made <Time at={createdAt} format="absolute" />
    </>
  ) : (
    <>
      Signs since <Time at={activatedAt} format="absolute" />
    </>
  );
}
