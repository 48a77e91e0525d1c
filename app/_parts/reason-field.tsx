import { Field } from "@/app/_ui/field";
import { TextInput } from "@/app/_ui/text-input";

interface ReasonFieldProps {
  required?: boolean;
  /** What was typed before a detour, as for a fresh sign-in. */
  typed?: string | null;
}

export function ReasonField({ required = true, typed = null }: ReasonFieldProps) {
  return (
    <Field name="reason" label="Reason, for the audit log" required={required}>
      <TextInput maxLength={200} autoComplete="off" defaultValue={typed ?? undefined} />
    </Field>
  );
}
