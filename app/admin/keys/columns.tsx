import { ReasonField } from "@/app/_parts/reason-field";
import { Badge } from "@/app/_ui/badge";
import { ConfirmButton } from "@/app/_ui/confirm-button";
import type { Column } from "@/app/_ui/data-table";
import { Time } from "@/app/_ui/time";
import { JWKS_MAX_AGE_SECONDS } from "@/lib/config/durations";
import type { ShownKey } from "@/lib/key-overview";
import { isAccepted, type KeyState } from "@/lib/keys/signing-key";
import { type KeyPlan, milestonesOf } from "./key-life";
import { custodyText, shortKid } from "./key-text";
import type { KeysQuery } from "./query";

type LiveState = Exclude<KeyState, "retired" | "revoked">;

const isLive = (state: KeyState): state is LiveState => isAccepted({ state });

export function columnsFor(plan: KeyPlan, typed: KeysQuery): Column<ShownKey>[] {
  return [
    { key: "key", header: "Key", cell: (key) => <Identity shown={key} /> },
    { key: "state", header: "State", cell: (key) => <State shown={key} /> },
    { key: "life", header: "Life", labelsItself: true, cell: (key) => <Life shown={key} plan={plan} /> },
    { key: "signed", header: "Signed", cell: (key) => <Signed shown={key} /> },
    {
      key: "revoke",
      header: "Revoke",
      hideHeader: true,
      align: "end",
      cell: ({ kid, state }) =>
        isLive(state) ? <RevokeButton kid={kid} state={state} typed={typed} /> : null,
    },
  ];
}

/** The whole kid is a click away, also where there is no script and no mouse. */
function Identity({ shown: { kid, algorithm, ...rest } }: { shown: ShownKey }) {
  return (
    <div className="min-w-0 @2xl:w-40">
      <details>
        <summary
          title={kid}
          className="w-fit cursor-pointer list-none font-mono text-sm underline decoration-dotted underline-offset-4 [&::-webkit-details-marker]:hidden"
        >
          {shortKid(kid)}
        </summary>
        <code className="my-1 block text-xs font-normal break-all select-all">{kid}</code>
      </details>
      <p className="text-sm font-normal text-muted">
        {algorithm}, {custodyText({ algorithm, ...rest })}
      </p>
    </div>
  );
}

const STATES: Record<KeyState, { text: string; tone: "accent" | "success" | "neutral" | "danger" }> = {
  staged: { text: "Staged", tone: "accent" },
  active: { text: "Active", tone: "success" },
  retiring: { text: "Retiring", tone: "neutral" },
  retired: { text: "Retired", tone: "neutral" },
  revoked: { text: "Revoked", tone: "danger" },
};

function State({ shown: { state, revokeReason, problem } }: { shown: ShownKey }) {
  const { text, tone } = STATES[state];
  return (
    <div className="@2xl:max-w-52">
      <span className="inline-flex flex-wrap gap-1.5">
        <Badge tone={tone}>{text}</Badge>
        {problem !== null && <Badge tone="warning">Cannot sign</Badge>}
      </span>
      {revokeReason && <p className="mt-1 text-sm wrap-anywhere text-muted">{revokeReason}</p>}
    </div>
  );
}

function Life({ shown, plan }: { shown: ShownKey; plan: KeyPlan }) {
  return (
    <dl className="grid gap-y-2 text-sm @2xl:gap-y-0.5">
      {milestonesOf(shown, plan).map(({ label, at }) => (
        <div key={label} className="grid grid-cols-[6.5rem_max-content] gap-x-3">
          <dt className="whitespace-nowrap text-muted">{label}</dt>
          <dd>
            <Time at={at} format="absolute" />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Signed({ shown: { signedCount, lastSignedAt } }: { shown: ShownKey }) {
  return (
    <>
      <p className="text-sm leading-6 whitespace-nowrap">
        {signedCount.toLocaleString("en")} {signedCount === 1 ? "token" : "tokens"}
      </p>
      {lastSignedAt !== null && (
        <p className="text-sm text-muted">
          <Time at={lastSignedAt} />
        </p>
      )}
    </>
  );
}

function RevokeButton({ kid, state, typed }: { kid: string; state: LiveState; typed: KeysQuery }) {
  return (
    <ConfirmButton
      size="small"
      name="kid"
      value={kid}
      aria-label={`Revoke key ${shortKid(kid)}`}
      title={`Revoke key ${shortKid(kid)}?`}
      description={<Consequences state={state} />}
      confirmLabel="Revoke key"
      fields={<ReasonField typed={typed.kid === kid ? typed.reason : null} />}
    >
      Revoke
    </ConfirmButton>
  );
}

const CONSEQUENCES: Record<LiveState, string> = {
  staged: "It is refused everywhere within a second and will never sign. Another one is staged in its place.",
  active:
    "It is refused everywhere within a second. The staged key signs instead, and nobody is signed out. If the staged one may have been copied too, revoke that one first.",
  retiring: "It is refused everywhere within a second, with the last tokens it signed. Nobody is signed out.",
};

function Consequences({ state }: { state: LiveState }) {
  return (
    <>
      <p>For a key that may have been copied. {CONSEQUENCES[state]}</p>
      <p className="mt-2">
        Services that keep the JWKS may accept it until they ask again: at most {JWKS_MAX_AGE_SECONDS / 60}{" "}
        minutes.
      </p>
    </>
  );
}
