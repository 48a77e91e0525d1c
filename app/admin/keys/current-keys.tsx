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
import { lineNames } from "./lines";
import type { KeysQuery } from "./query";

interface CurrentKeysProps {
  overview: KeyOverview;
  /** Before a detour. */
  typed: KeysQuery;
}

/** Of each line which key signs, which one will and when, and the button for those who cannot wait. */
export function CurrentKeys({ overview, typed }: CurrentKeysProps) {
  const names = lineNames(overview.lines);
  return (
    <ActionForm action={rotateNow} layout="plain" label="Rotate now">
      <div className="grid gap-6">
        {overview.lines.map((line) => (
          <Line
            key={line.algorithm}
            line={line}
            title={names === null ? "Current key" : `Current ${line.algorithm} key`}
            name={names?.get(line.algorithm) ?? null}
            overview={overview}
            typed={typed}
          />
        ))}
      </div>
    </ActionForm>
  );
}

interface LineProps extends CurrentKeysProps {
  line: KeyOverview["lines"][number];
  title: string;
  /** Whose tokens it signs, where there are several lines. */
  name: string | null;
}

function Line({ line, title, name, overview: { keys, lines, now }, typed }: LineProps) {
  const { algorithm, signingKid, next } = line;
  const signing = keys.find(({ kid }) => kid === signingKid) ?? null;
  const nextKey = keys.find(({ kid }) => kid === next?.kid);
  const isTyped = typed.kid === null && (typed.algorithm ?? lines[0]?.algorithm) === algorithm;
  return (
    <Card
      title={title}
      description={name && `Signs ${name}.`}
      actions={
        nextKey && (
          <RotateButton
            next={nextKey}
            now={now}
            isOneOfSeveral={lines.length > 1}
            reason={isTyped ? typed.reason : null}
          />
        )
      }
    >
      <div className="grid gap-4">
        {signingKid === null && (
          <Notice tone="danger">
            No key can sign with {algorithm} for the moment. What is wrong stands above the table.
          </Notice>
        )}
        <DefinitionList
          items={[
            ...(signing === null ? [] : [{ term: "Signs now", description: <Signing signing={signing} /> }]),
            { term: "Next rotation", description: <NextRotation next={next} /> },
          ]}
        />
      </div>
    </Card>
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

function NextRotation({ next }: Pick<LineProps["line"], "next">) {
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
  isOneOfSeveral: boolean;
  /** Typed before a detour. */
  reason: string | null;
}

/** It says which line it is of. */
function RotateButton({ next, now, isOneOfSeveral, reason }: RotateButtonProps) {
  const soonest = addSeconds(next.createdAt, KEY_STAGED_SECONDS);
  const isAtOnce = soonest <= now;
  return (
    <ConfirmButton
      variant="secondary"
      size="small"
      name="algorithm"
      value={next.algorithm}
      aria-label={isOneOfSeveral ? `Rotate now: ${next.algorithm}` : undefined}
      title={isOneOfSeveral ? `Rotate ${next.algorithm} now?` : "Rotate now?"}
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
