import { z } from "zod";
import { requireAdmin } from "@/app/_http/current-session";
import { pageParams, searchText } from "@/app/_http/page-params";
import { addressOf, orNotFound, readSearch, type SearchParams } from "@/app/_http/search-params";
import { SignedInShell } from "@/app/_parts/signed-in-shell";
import { PageHeader } from "@/app/_ui/page-header";
import { Pagination } from "@/app/_ui/pagination";
import { SearchForm } from "@/app/_ui/search-form";
import { services } from "@/lib/services";
import { InviteForm } from "./invite-form";
import { UserList } from "./user-list";

const PATH = "/admin/users";
const usersQuery = z.object({ ...pageParams, q: searchText });

export default async function UsersPage({ searchParams }: { searchParams: SearchParams }) {
  const { sub } = await requireAdmin();
  const { q, ...page } = await readSearch(searchParams, usersQuery);
  const { items, nextCursor } = await orNotFound(services().stores.users.list({ query: q }, page));
  return (
    <SignedInShell>
      <PageHeader title="Users" description="Everybody who can sign in, and what they may do." />
      <InviteForm />
      <SearchForm action={PATH} label="Name or e-mail address" query={q ?? ""} />
      <UserList users={items} ownId={sub} />
      <Pagination
        firstHref={page.cursor === null ? null : addressOf(PATH, { q })}
        nextHref={nextCursor && addressOf(PATH, { q, cursor: nextCursor })}
      />
    </SignedInShell>
  );
}
