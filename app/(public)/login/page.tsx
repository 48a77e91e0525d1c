import { redirect } from "next/navigation";
import { findUser } from "@/app/_http/current-session";
import type { SearchParams } from "@/app/_http/search-params";
import { safeReturnTo } from "@/lib/policy/return-to";
import { ConfirmIdentity } from "./confirm-identity";
import { SignIn } from "./sign-in";

/** As long as an address may be (RFC 5321 section 4.5.3.1.3). */
const MAX_HINT_CHARACTERS = 254;

export default async function LoginPage({ searchParams }: { searchParams: SearchParams }) {
  const user = await findUser();
  const { reason, return_to: wanted, login_hint: hint } = await searchParams;
  const returnTo = safeReturnTo(wanted);
  if (user === null || reason === "switch") {
    return (
      <SignIn
        returnTo={returnTo}
        wasSentHere={returnTo !== "/"}
        hasSignedOut={reason === "signed-out"}
        suggestedEmail={typeof hint === "string" ? hint.slice(0, MAX_HINT_CHARACTERS) : undefined}
      />
    );
  }
  if (reason === "confirm") return <ConfirmIdentity email={user.email} returnTo={returnTo} />;
  redirect(returnTo);
}
