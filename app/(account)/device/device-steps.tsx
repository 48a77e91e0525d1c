"use client";

import { useContext } from "react";
import { Field } from "@/app/_ui/field";
import { FormContext } from "@/app/_ui/form-context";
import { SubmitButton } from "@/app/_ui/submit-button";
import { TextInput } from "@/app/_ui/text-input";
import type { DeviceState } from "./device-state";
import { WaitingDevice } from "./waiting-device";

/** The code first, then who waits with it, then nothing more than the answer's notice. */
export function DeviceSteps({ userCode }: { userCode: string }) {
  const state: DeviceState = useContext(FormContext);
  if (state.request !== undefined) return <WaitingDevice {...state.request} />;
  if (state.status === "ok") return null;
  return (
    <>
      <Field name="userCode" label="Code" hint="Eight letters, as the device shows them." required>
        <TextInput
          defaultValue={userCode}
          autoComplete="off"
          autoCapitalize="characters"
          spellCheck={false}
          maxLength={64}
        />
      </Field>
      <SubmitButton>Continue</SubmitButton>
    </>
  );
}
