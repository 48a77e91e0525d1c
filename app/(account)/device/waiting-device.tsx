"use client";

import { useEffect, useRef } from "react";
import { DefinitionList } from "@/app/_ui/definition-list";
import { Notice } from "@/app/_ui/notice";
import { SubmitButton } from "@/app/_ui/submit-button";
import { Time } from "@/app/_ui/time";
import type { DeviceView } from "./device-state";

/** Who waits with the code, from where and for what; with the warning of RFC 8628 section 5.4, and the two answers. */
export function WaitingDevice({ userCode, clientName, ip, device, since, access }: DeviceView) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <>
      <h2 ref={heading} tabIndex={-1} className="wrap-anywhere">
        Let {clientName} in?
      </h2>
      <Notice tone="warning">
        Allow this only if you have just started it yourself, and your device shows this code. Whoever else
        sent it to you gets into your account.
      </Notice>
      <DefinitionList
        items={[
          { term: "Code", description: <span className="font-mono">{userCode}</span> },
          { term: "Asked from", description: <span className="wrap-anywhere">{ip}</span> },
          { term: "By", description: device },
          { term: "Since", description: <Time at={since} /> },
          { term: "What it may do", description: <Access sentences={access} /> },
        ]}
      />
      <input type="hidden" name="userCode" value={userCode} />
      <div className="flex flex-wrap gap-3">
        <SubmitButton name="answer" value="allowed">
          Allow
        </SubmitButton>
        <SubmitButton name="answer" value="denied" variant="secondary">
          Deny
        </SubmitButton>
      </div>
    </>
  );
}

function Access({ sentences }: { sentences: readonly string[] }) {
  return (
    <ul className="grid gap-1">
      {sentences.map((sentence) => (
        <li key={sentence} className="wrap-anywhere">
          {sentence}
        </li>
      ))}
    </ul>
  );
}
