"use client";

import { type FormEvent, type ReactNode, useActionState, useRef, useState, useTransition } from "react";
import { callAction } from "./call-action";
import { FormContext } from "./form-context";
import { FormNotice } from "./form-notice";
import { type FormAction, type FormState, IDLE } from "./form-state";
import { useAnswer } from "./use-answer";

const LAYOUTS = {
  stack: "grid max-w-md gap-5 [&>button]:justify-self-start",
  plain: "",
} as const;

interface ActionFormProps {
  action: FormAction;
  /** `plain` leaves the layout to the children, as around a table. */
  layout?: keyof typeof LAYOUTS;
  /** Empty the form once it has succeeded, as after a password change. */
  resetOnOk?: boolean;
  /** Name for assistive technology, where a page has several forms. */
  label?: string;
  children: ReactNode;
}

/**
 * A form around a server action that never loses what was typed.
 *
 * With JavaScript the action is called from `onSubmit`: React empties a form whose `action` it ran, and shows the error
 * page when the call fails. Without JavaScript the browser posts the form and `useActionState` carries the answer.
 */
export function ActionForm({
  action,
  layout = "stack",
  resetOnOk = false,
  label,
  children,
}: ActionFormProps) {
  const form = useRef<HTMLFormElement>(null);
  const [postedState, post] = useActionState(action, IDLE);
  const [calledState, setCalledState] = useState<FormState | null>(null);
  const [isPending, startTransition] = useTransition();
  const state = calledState ?? postedState;
  useAnswer(form, state, resetOnOk);

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (isPending) return;
    const formData = typedData(event);
    startTransition(async () => {
      const next = await callAction(() => action(state, formData));
      startTransition(() => setCalledState(next));
    });
  }

  return (
    <form ref={form} action={post} onSubmit={submit} aria-label={label} className={LAYOUTS[layout]}>
      <FormNotice state={state} spaced={layout === "plain"} />
      <FormContext value={state}>{children}</FormContext>
    </form>
  );
}

/** What the form holds, without the fields React adds for browsers that run no JavaScript. */
function typedData(event: FormEvent<HTMLFormElement>): FormData {
  const { submitter } = event.nativeEvent as SubmitEvent;
  const formData = new FormData(event.currentTarget, submitter);
  for (const name of [...formData.keys()]) if (name.startsWith("$ACTION_")) formData.delete(name);
  return formData;
}
