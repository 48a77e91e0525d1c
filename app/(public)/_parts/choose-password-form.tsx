import { NewPasswordField } from "@/app/_parts/new-password-field";
import { ActionForm } from "@/app/_ui/action-form";
import { Field } from "@/app/_ui/field";
import type { FormAction } from "@/app/_ui/form-state";
import { SubmitButton } from "@/app/_ui/submit-button";
import { TextInput } from "@/app/_ui/text-input";

interface ChoosePasswordFormProps {
  action: FormAction;
  token: string;
  email: string;
  submitLabel: string;
}

/** For whoever holds an invitation or reset link: whose account it is, and a new password. */
export function ChoosePasswordForm({ action, token, email, submitLabel }: ChoosePasswordFormProps) {
  return (
    <ActionForm action={action}>
      <input type="hidden" name="token" value={token} />
      <Field name="email" label="E-mail address" required>
        <TextInput type="email" autoComplete="username" defaultValue={email} readOnly />
      </Field>
      <NewPasswordField name="password" label="New password" />
      <SubmitButton block>{submitLabel}</SubmitButton>
    </ActionForm>
  );
}
