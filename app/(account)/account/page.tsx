import { requireUser } from "@/app/_http/current-session";
import { SignedInShell } from "@/app/_parts/signed-in-shell";
import { ActionForm } from "@/app/_ui/action-form";
import { Card } from "@/app/_ui/card";
import { DefinitionList } from "@/app/_ui/definition-list";
import { Field } from "@/app/_ui/field";
import { PageHeader } from "@/app/_ui/page-header";
import { SubmitButton } from "@/app/_ui/submit-button";
import { TextInput } from "@/app/_ui/text-input";
import { Time } from "@/app/_ui/time";
import { saveName } from "./actions";

export default async function ProfilePage() {
  const { email, name, role, createdAt } = await requireUser();
  return (
    <SignedInShell>
      <PageHeader title="Profile" description="Who you are to Latchkey and to the people you work with." />
      <Card title="Account">
        <DefinitionList
          items={[
            { term: "E-mail address", description: <span className="wrap-anywhere">{email}</span> },
            { term: "Role", description: role === "admin" ? "Administrator" : "User" },
            { term: "Member since", description: <Time at={createdAt} format="absolute" /> },
          ]}
        />
      </Card>
      <Card title="Name">
        <ActionForm action={saveName}>
          <Field
            name="name"
            label="Name"
            hint="How you are called in lists. Leave it empty to go by your address."
          >
            <TextInput autoComplete="name" defaultValue={name ?? ""} maxLength={100} />
          </Field>
          <SubmitButton>Save</SubmitButton>
        </ActionForm>
      </Card>
    </SignedInShell>
  );
}
