import type { SearchParams } from "@/app/_http/search-params";
import { findLinkedUser } from "@/app/_http/usable-link";
import { AuthCard } from "@/app/_ui/auth-card";
import { ChoosePasswordForm } from "../_parts/choose-password-form";
import { readLinkToken } from "../_parts/link-token";
import { redeemLink } from "../_parts/redeem-link";
import { UnusableLink } from "../_parts/unusable-link";

export default async function ResetPasswordPage({ searchParams }: { searchParams: SearchParams }) {
  const token = await readLinkToken(searchParams);
  const user = await findLinkedUser(token, "password_reset");
  if (token === null || user === null) {
    return (
      <UnusableLink title="Choosing a new password needs a link">
        {token === null ? "Ask an administrator for one." : "This one has been used or has expired."} An
        administrator makes it on the Users page; it works once, for an hour.
      </UnusableLink>
    );
  }
  return (
    <AuthCard
      title="Choose a new password"
      intro="You will be signed out everywhere else, and signed in here."
    >
      <ChoosePasswordForm action={redeemLink} token={token} email={user.email} submitLabel="Save password" />
    </AuthCard>
  );
}
