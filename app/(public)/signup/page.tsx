import { redirect } from "next/navigation";
import { findUser } from "@/app/_http/current-session";
import type { SearchParams } from "@/app/_http/search-params";
import { findLinkedUser } from "@/app/_http/usable-link";
import { ActionForm } from "@/app/_ui/action-form";
import { AuthCard } from "@/app/_ui/auth-card";
import { ButtonLink } from "@/app/_ui/button-link";
import { SubmitButton } from "@/app/_ui/submit-button";
import { services } from "@/lib/services";
import { ChoosePasswordForm } from "../_parts/choose-password-form";
import { readLinkToken } from "../_parts/link-token";
import { NewAccountFields } from "../_parts/new-account-fields";
import { redeemLink } from "../_parts/redeem-link";
import { UnusableLink } from "../_parts/unusable-link";
import { createAccount } from "./actions";

export default async function SignupPage({ searchParams }: { searchParams: SearchParams }) {
  const token = await readLinkToken(searchParams);
  if (token !== null) return <Invitation token={token} />;
  if ((await findUser()) !== null) redirect("/account");
  return services().settings.signup === "open" ? <OpenSignup /> : <ByInvitation />;
}

async function Invitation({ token }: { token: string }) {
  const invited = await findLinkedUser(token, "invitation");
  if (invited === null) {
    return (
      <UnusableLink title="This invitation does not work">
        It has been used already, or it has expired. Ask whoever invited you for a new one.
      </UnusableLink>
    );
  }
  return (
    <AuthCard title="Welcome to Latchkey" intro="You have been invited. Choose a password, and you are in.">
      <ChoosePasswordForm
        action={redeemLink}
        token={token}
        email={invited.email}
        submitLabel="Create account"
      />
    </AuthCard>
  );
}

function OpenSignup() {
  return (
    <AuthCard
      title="Create an account"
      footer={
        <ButtonLink href="/login" variant="quiet" size="small">
          I have an account already
        </ButtonLink>
      }
    >
      <ActionForm action={createAccount}>
        <NewAccountFields />
        <SubmitButton block>Create account</SubmitButton>
      </ActionForm>
    </AuthCard>
  );
}

function ByInvitation() {
  return (
    <UnusableLink title="Sign-up is by invitation">
      Ask an administrator to invite you. The link they give you opens this page and works once.
    </UnusableLink>
  );
}
