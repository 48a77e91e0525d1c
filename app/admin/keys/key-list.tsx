import { ReasonField } from "@/app/_parts/reason-field";
import { ActionForm } from "@/app/_ui/action-form";
import { Card } from "@/app/_ui/card";
import { DataTable } from "@/app/_ui/data-table";
import { Notice } from "@/app/_ui/notice";
import type { ShownKey } from "@/lib/key-overview";
import { revoke } from "./actions";
import { columnsFor } from "./columns";
import type { KeyPlan } from "./key-life";
import type { LineNames } from "./lines";
import type { KeysQuery } from "./query";

interface KeyListProps {
  keys: readonly ShownKey[];
  plan: KeyPlan;
  lineNames: LineNames;
  typed: KeysQuery;
}

/** One form around the list: each button says which key it revokes. */
export function KeyList({ keys, plan, lineNames, typed }: KeyListProps) {
  return (
    <ActionForm action={revoke} layout="plain" label="Keys">
      <Card flush>
        <Problems keys={keys} />
        <noscript>
          <div className="border-b border-line p-5 sm:px-6">
            <ReasonField typed={typed.reason} />
          </div>
        </noscript>
        <DataTable
          caption="Keys"
          columns={columnsFor(plan, lineNames, typed)}
          rows={keys}
          rowKey={({ kid }) => kid}
        />
      </Card>
    </ActionForm>
  );
}

/** What is wrong and what to do about it, where everything else is not pressed together by it. */
function Problems({ keys }: { keys: readonly ShownKey[] }) {
  const problems = keys.flatMap(({ kid, problem }) => (problem === null ? [] : [{ kid, problem }]));
  if (problems.length === 0) return null;
  return (
    <ul className="grid gap-3 border-b border-line p-5 sm:px-6">
      {problems.map(({ kid, problem }) => (
        <li key={kid}>
          <Notice tone="warning">{problem}</Notice>
        </li>
      ))}
    </ul>
  );
}
