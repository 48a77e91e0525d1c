import { requireSession } from "@/app/_http/current-session";
import { queryOf, type SearchParams } from "@/app/_http/search-params";
import { AuthCard } from "@/app/_ui/auth-card";
import { Leaving } from "@/app/_ui/leaving";

/**
 * From the sign-in back to the authorization endpoint, which leads to other sites: a script that fetches pages may not
 * follow it there, a browser may.
 */
export default async function ContinuePage({ searchParams }: { searchParams: SearchParams }) {
  await requireSession();
  const query = await queryOf(searchParams);
  return (
    <AuthCard title="You are signed in">
      <Leaving to={`/oauth/authorize?${query}`} label="Continue" />
    </AuthCard>
  );
}
