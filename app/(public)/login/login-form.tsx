import { ActionForm } from "@/app/_ui/action-form";
import { Field } from "@/app/_ui/field";
import { PasswordField } from "@/app/_ui/password-field";
import { SubmitButton } from "@/app/_ui/submit-button";
import { TextInput } from "@/app/_ui/text-input";
import { signInWithPassword } from "./actions";

interface LoginFormProps {
  returnTo: string;
  submitLabel: string;
  /** Of the person who is signed in already, and who it must be again. */
  email?: string;
  suggestedEmail?: string | undefined;
}

export function LoginForm({ returnTo, submitLabel, email, suggestedEmail }: LoginFormProps) {
  return (
    <ActionForm action={signInWithPassword}>
      <input type="hidden" name="return_to" value={returnTo} />
      <Field name="email" label="E-mail address" required>
        <TextInput
          type="email"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          defaultValue={email ?? suggestedEmail}
          readOnly={email !== undefined}
        />
      </Field>
      <PasswordField name="password" label="Password" autoComplete="current-password" />
      <SubmitButton block>{submitLabel}</SubmitButton>
    </ActionForm>
  );
}
