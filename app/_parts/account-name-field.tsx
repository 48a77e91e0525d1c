/** Tells a password manager whose password this is. Not shown, and not sent. */
export function AccountNameField({ email }: { email: string }) {
  return <input type="text" autoComplete="username" defaultValue={email} readOnly hidden />;
}
