"use client";

import { type FormEvent, useState, useTransition } from "react";
import { CALL_FAILURES, type CallFailure, callFailure } from "@/app/_ui/call-action";
import { Notice } from "@/app/_ui/notice";
import { SubmitButton } from "@/app/_ui/submit-button";
import { signOut } from "./sign-out";

/** Signs out, also in a session that has ended meanwhile. Without JavaScript the browser posts the form. */
export function SignOutForm() {
  const [failure, setFailure] = useState<CallFailure | null>(null);
  const [isPending, startTransition] = useTransition();

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (isPending) return;
    startTransition(async () => {
      const next = await leave();
      startTransition(() => setFailure(next));
    });
  }

  return (
    <form action={signOut} onSubmit={submit} className="relative">
      <SubmitButton variant="quiet" size="small">
        Sign out
      </SubmitButton>
      {failure !== null && (
        <div className="absolute top-full right-3 z-10 mt-2 w-72 max-w-[calc(100vw-2rem)] rounded-control bg-surface shadow-dialog">
          <Notice tone="warning" live="alert">
            {CALL_FAILURES[failure]}
          </Notice>
        </div>
      )}
    </form>
  );
}

/** Ends the session and goes to the login page, or says why it could not. */
async function leave(): Promise<CallFailure | null> {
  try {
    await signOut();
    return null;
  } catch (error) {
    const failure = callFailure(error);
    if (failure !== "signedOut") return failure;
    // The session had ended already. A whole new page, so that nothing of this one stays in the browser.
    window.location.assign("/login?reason=signed-out");
    return null;
  }
}
