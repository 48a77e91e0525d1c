import { findUser } from "@/app/_http/current-session";
import type { SearchParams } from "@/app/_http/search-params";
import { AskToSignOut } from "./ask-to-sign-out";
import { requireLogoutRequest } from "./logout-request";
import { SignedOut } from "./signed-out";

/** Where a client's sign-out leads. Opening it ends nothing; whoever is not signed in goes straight on. */
export default async function SignOutPage({ searchParams }: { searchParams: SearchParams }) {
  const asked = await requireLogoutRequest(searchParams);
  const user = await findUser();
  return user === null ? <SignedOut {...asked} /> : <AskToSignOut {...asked} user={user} />;
}
