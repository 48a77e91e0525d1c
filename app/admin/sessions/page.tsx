import { notFound } from "next/navigation";
import { requireAdmin } from "@/app/_http/current-session";
import { orNotFound, readSearch, type SearchParams } from "@/app/_http/search-params";
import { SignedInShell } from "@/app/_parts/signed-in-shell";
import { PageHeader } from "@/app/_ui/page-header";
import { Pagination } from "@/app/_ui/pagination";
import { services } from "@/lib/services";
import type { Session } from "@/lib/sessions/session";
import { EndEveryone } from "./end-everyone";
import { EndOfPerson, PersonHeader } from "./one-person";
import { addressFrom, type SessionsQuery, sessionsQuery } from "./query";
import { SessionList } from "./session-list";
import { SessionSearch } from "./session-search";

export default async function AdminSessionsPage({ searchParams }: { searchParams: SearchParams }) {
  const { sid } = await requireAdmin();
  const query = await readSearch(searchParams, sessionsQuery);
  const now = services().clock.now();
  const { items, nextCursor } = await findSessions(query, now);
  const person = await findPerson(query);
  return (
    <SignedInShell>
      <PageHeader
        title="Sessions"
        description="Who is signed in, and where. A session that is ended is refused from its next request on."
      />
      {person === null ? <SessionSearch query={query} /> : <PersonHeader user={person} />}
      <SessionList sessions={items} currentId={sid} now={now} appNames={await namesOfApps(items)} />
      <Pagination
        firstHref={query.cursor === null ? null : addressFrom(query, null)}
        nextHref={nextCursor && addressFrom(query, nextCursor)}
      />
      {person === null ? <EndEveryone /> : <EndOfPerson user={person} />}
    </SignedInShell>
  );
}

function findSessions({ q, userId, state, limit, cursor }: SessionsQuery, now: Date) {
  const filter = { query: q, userId, state: state === "all" ? null : state, clientId: null };
  return orNotFound(services().stores.sessions.search(filter, { limit, cursor }, now));
}

async function namesOfApps(sessions: readonly Session[]): Promise<ReadonlyMap<string, string>> {
  const ids = new Set(sessions.flatMap(({ grant }) => grant?.clientId ?? []));
  const clients = ids.size === 0 ? [] : await services().stores.clients.findAll([...ids]);
  return new Map(clients.map(({ id, name }) => [id, name]));
}

/** Whose sessions alone are asked for, if anybody's. */
async function findPerson({ userId }: SessionsQuery) {
  if (userId === null) return null;
  return (await services().stores.users.find(userId)) ?? notFound();
}
