import { requireUser } from "@/app/_http/current-session";
import { AccountNameField } from "@/app/_parts/account-name-field";
import { NewPasswordField } from "@/app/_parts/new-password-field";
import { SignedInShell } from "@/app/_parts/signed-in-shell";
import { ActionForm } from "@/app/_ui/action-form";
import { Card } from "@/app/_ui/card";
import { PageHeader } from "@/app/_ui/page-header";
import { PasswordField } from "@/app/_ui/password-field";
import { SubmitButton } from "@/app/_ui/submit-button";
import { savePassword } from "./actions";

export default async function SecurityPage() {
  const { email } = await requireUser();
  return (
    <SignedInShell>
      <PageHeader title="Security" description="How you sign in." />
      <Card title="Password" description="Changing it signs you out everywhere but here.">
        <ActionForm action={savePassword} resetOnOk>
          <AccountNameField email={email} />
          <PasswordField name="currentPassword" label="Current password" autoComplete="current-password" />
          <NewPasswordField name="newPassword" label="New password" />
          <SubmitButton>Change password</SubmitButton>
        </ActionForm>
      </Card>
    </SignedInShell>
  );
}
