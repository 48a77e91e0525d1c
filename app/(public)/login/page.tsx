import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { findUser } from "@/app/_http/current-session";
import type { SearchParams } from "@/app/_http/search-params";
import { safeReturnTo } from "@/lib/policy/return-to";
import { ConfirmIdentity } from "./confirm-identity";
import { SignIn } from "./sign-in";

export const metadata: Metadata = { title: "Sign in" };

export default async function LoginPage({ searchParams }: { searchParams: SearchParams }) {
  const user = await findUser();
  const { reason, return_to: wanted } = await searchParams;
  const returnTo = safeReturnTo(wanted);
  if (user === null) {
    return (
      <SignIn returnTo={returnTo} wasSentHere={returnTo !== "/"} hasSignedOut={reason === "signed-out"} />
    );
  }
  if (reason === "confirm") return <ConfirmIdentity email={user.email} returnTo={returnTo} />;
  redirect(returnTo);
}
