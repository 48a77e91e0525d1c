"use client";

import { useContext } from "react";
import { FormContext } from "@/app/_ui/form-context";
import { Leaving } from "@/app/_ui/leaving";
import { SubmitButton } from "@/app/_ui/submit-button";
import type { ConsentState } from "./consent-state";

interface ConsentStepsProps {
  clientName: string;
  /** What it may do, a sentence each. */
  access: readonly string[];
  goesTo: string;
}

/** What is asked and the two answers, then the way back to the client. */
export function ConsentSteps({ clientName, access, goesTo }: ConsentStepsProps) {
  const { leaveTo }: ConsentState = useContext(FormContext);
  if (leaveTo !== undefined) {
    return (
      <>
        <p>You may close this page if nothing else happens.</p>
        <Leaving to={leaveTo} label={`Back to ${clientName}`} />
      </>
    );
  }
  return (
    <>
      <div className="grid gap-2">
        <p>It asks to:</p>
        <ul className="grid list-disc gap-1 pl-5">
          {access.map((sentence) => (
            <li key={sentence} className="wrap-anywhere">
              {sentence}
            </li>
          ))}
        </ul>
      </div>
      <p className="text-sm text-muted wrap-anywhere">
        The answer goes to {goesTo}. Allow it only if you have just come from there. You can take this back at
        any time under Connected apps.
      </p>
      <div className="flex flex-wrap gap-3">
        <SubmitButton name="answer" value="allow">
          Allow
        </SubmitButton>
        <SubmitButton name="answer" value="deny" variant="secondary">
          Deny
        </SubmitButton>
      </div>
    </>
  );
}
