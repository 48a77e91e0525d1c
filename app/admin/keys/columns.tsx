import Link from "next/link";
import { ReasonField } from "@/app/_parts/reason-field";
import { Badge } from "@/app/_ui/badge";
import { ConfirmButton } from "@/app/_ui/confirm-button";
import type { Column } from "@/app/_ui/data-table";
import { Time } from "@/app/_ui/time";
import { viewOf } from "@/app/admin/audiences/query";
import type { ShownKey } from "@/lib/key-overview";
import { audienceOfUse } from "@/lib/keys/signing-key";
import { type KeyPlan, milestonesOf } from "./key-life";
import { KEY_STATES } from "./key-states";
import { custodyText, shortKid } from "./key-text";
import type { LineNames } from "./lines";
import type { KeysQuery } from "./query";
import { isLive, RevocationOfKey, RevocationOfSecret } from "./revocation-text";

/** `lineNames` says of an algorithm whose tokens its keys sign; null where there is one line alone. */
export function columnsFor(plan: KeyPlan, lineNames: LineNames, typed: KeysQuery): Column<ShownKey>[] {
  return [
    { key: "key", header: "Key", cell: (key) => <Identity shown={key} lineNames={lineNames} /> },
    { key: "state", header: "State", cell: (key) => <State shown={key} /> },
    { key: "life", header: "Life", labelsItself: true, cell: (key) => <Life shown={key} plan={plan} /> },
    { key: "signed", header: "Signed", cell: (key) => <Signed shown={key} /> },
    {
      key: "revoke",
      header: "Revoke",
      hideHeader: true,
      align: "end",
      cell: (key) => (isLive(key.state) ? <RevokeButton shown={key} typed={typed} /> : null),
    },
  ];
}

/** The whole kid is a click away, also where there is no script and no mouse. */
function Identity({ shown, lineNames }: { shown: ShownKey; lineNames: LineNames }) {
  const { kid, algorithm } = shown;
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
        {algorithm}, {custodyText(shown)}
      </p>
      <Line shown={shown} lineNames={lineNames} />
    </div>
  );
}

/** Whose tokens it signs. */
function Line({ shown: { use, algorithm }, lineNames }: { shown: ShownKey; lineNames: LineNames }) {
  const audience = audienceOfUse(use);
  const name = lineNames?.get(algorithm);
  if (audience === null && name === undefined) return null;
  return (
    <p className="text-sm font-normal wrap-anywhere text-muted">
      {audience === null ? (
        name
      ) : (
        <>
          secret of{" "}
          <Link href={viewOf(audience)} prefetch={false}>
            {audience}
          </Link>
        </>
      )}
    </p>
  );
}

function State({ shown: { state, revokeReason, problem } }: { shown: ShownKey }) {
  const { text, tone } = KEY_STATES[state];
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

function RevokeButton({ shown: { kid, use, state }, typed }: { shown: ShownKey; typed: KeysQuery }) {
  if (!isLive(state)) return null;
  const noun = audienceOfUse(use) === null ? "key" : "secret";
  const Consequences = noun === "key" ? RevocationOfKey : RevocationOfSecret;
  return (
    <ConfirmButton
      size="small"
      name="kid"
      value={kid}
      aria-label={`Revoke ${noun} ${shortKid(kid)}`}
      title={`Revoke ${noun} ${shortKid(kid)}?`}
      description={<Consequences state={state} />}
      confirmLabel={`Revoke ${noun}`}
      fields={<ReasonField typed={typed.kid === kid ? typed.reason : null} />}
    >
      Revoke
    </ConfirmButton>
  );
}
