"use client";

import { type RefObject, useEffect } from "react";
import type { FormState } from "./form-state";

/** Takes the person to what the answer is about: the first refused field, else the notice. */
export function useAnswer(form: RefObject<HTMLFormElement | null>, state: FormState, resetOnOk: boolean) {
  useEffect(() => {
    const element = form.current;
    if (!element || state.status === "idle") return;
    const notice = element.querySelector<HTMLElement>("[data-form-notice]");
    if (state.status === "ok") {
      if (resetOnOk) element.reset();
      notice?.scrollIntoView({ block: "nearest" });
      // The button that was pressed may have gone with its row.
      if (document.activeElement === document.body) notice?.focus({ preventScroll: true });
      return;
    }
    (element.querySelector<HTMLElement>("[aria-invalid=true]") ?? notice)?.focus();
  }, [form, state, resetOnOk]);
}
