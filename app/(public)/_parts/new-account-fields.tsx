import { NewPasswordField } from "@/app/_parts/new-password-field";
import { Field } from "@/app/_ui/field";
import { TextInput } from "@/app/_ui/text-input";

/** For a new account: its address and its password. */
export function NewAccountFields() {
  return (
    <>
      <Field name="email" label="E-mail address" required>
        <TextInput type="email" autoComplete="username" autoCapitalize="none" spellCheck={false} />
      </Field>
      <NewPasswordField name="password" label="Password" />
    </>
  );
}
