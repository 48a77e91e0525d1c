import { Field } from "@/app/_ui/field";
import { TextInput } from "@/app/_ui/text-input";

export function ReasonField() {
  return (
    <Field name="reason" label="Reason, for the audit log" required>
      <TextInput maxLength={200} autoComplete="off" />
    </Field>
  );
}
