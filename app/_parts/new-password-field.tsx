import { PasswordField } from "@/app/_ui/password-field";
import { MIN_PASSWORD_LENGTH } from "@/lib/identity/password-rules";

interface NewPasswordFieldProps {
  name: "password" | "newPassword";
  label: string;
}

export function NewPasswordField({ name, label }: NewPasswordFieldProps) {
  const hint = `At least ${MIN_PASSWORD_LENGTH} characters. Several words are easier to remember.`;
  return <PasswordField name={name} label={label} autoComplete="new-password" hint={hint} />;
}
