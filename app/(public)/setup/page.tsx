import type { SearchParams } from "@/app/_http/search-params";
import { isUsableSetupToken } from "@/app/_http/usable-link";
import { ActionForm } from "@/app/_ui/action-form";
import { AuthCard } from "@/app/_ui/auth-card";
import { SubmitButton } from "@/app/_ui/submit-button";
import { services } from "@/lib/services";
import { readLinkToken } from "../_parts/link-token";
import { NewAccountFields } from "../_parts/new-account-fields";
import { UnusableLink } from "../_parts/unusable-link";
import { createFirstAdministrator } from "./actions";

export default async function SetupPage({ searchParams }: { searchParams: SearchParams }) {
  const token = await readLinkToken(searchParams);
  const isNew = await services().stores.users.isEmpty();
  if (!isNew) {
    return (
      <UnusableLink title="Latchkey is set up">
        There is an administrator already. Ask them for an invitation, or sign in.
      </UnusableLink>
    );
  }
  if (token === null || !(await isUsableSetupToken(token))) return <NeedsSetupLink />;
  return (
    <AuthCard
      title="Set up Latchkey"
      intro="Create the first administrator. You can invite the others afterwards."
    >
      <ActionForm action={createFirstAdministrator}>
        <input type="hidden" name="token" value={token} />
        <NewAccountFields />
        <SubmitButton block>Create administrator</SubmitButton>
      </ActionForm>
    </AuthCard>
  );
}

function NeedsSetupLink() {
  return (
    <AuthCard
      title="Set up Latchkey"
      intro="Creating the first administrator needs the link that Latchkey prints when it starts."
    >
      <ol className="grid list-decimal gap-2 pl-5">
        <li>Look for it in the output of the server. It works once, for a day.</li>
        <li>
          If it has expired, stop the server and start it again with <code>npm start</code>. It prints a new
          one.
        </li>
        <li>Open the link in this browser.</li>
      </ol>
    </AuthCard>
  );
}
