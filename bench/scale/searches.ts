import type { DatabaseStores } from "../../lib/store/stores";
import { emailOf, PEOPLE, SESSIONS, userIdOf } from "./seed";

/** A spread of numbers that looks random and is the same at every run. */
const pick = (n: number, below: number): number => (n * 7_919 + 13) % below;

/** A person with ten sessions, of whom some live: person p has the sessions n of which n * 7919 is p modulo PEOPLE. */
const withSessions = (n: number): number => (pick(n, PEOPLE / 20) * 20 * 7_919 + 19 * 7_919) % PEOPLE;

const first = (limit = 50) => ({ limit, cursor: null });

/** Every way an administrator searches, and a person's own list; `n` varies what is looked for. */
export function everySearch(
  stores: DatabaseStores,
  now: Date,
): Record<string, (n: number) => Promise<unknown>> {
  const search = (
    filter: Partial<{ query: string; userId: string; state: "live" | "ended" | "expired" }>,
    page: { limit: number; cursor: string | null } = first(),
  ) =>
    stores.sessions.search({ query: null, userId: null, state: null, clientId: null, ...filter }, page, now);
  return {
    "everything, newest first": () => search({}),
    "state live": () => search({ state: "live" }),
    "state ended": () => search({ state: "ended" }),
    "state expired": () => search({ state: "expired" }),
    "a person's e-mail address": (n) => search({ query: emailOf(pick(n, PEOPLE)) }),
    "part of an e-mail address (one person)": (n) => search({ query: `${pick(n, PEOPLE)}@exam` }),
    "part of a name (9,000 people)": () => search({ query: "archer" }),
    "part of everyone's address": () => search({ query: "example.com" }),
    "two letters": () => search({ query: "ad" }),
    "nobody's address": (n) => search({ query: `nobody${n}@nowhere.test` }),
    "a person's e-mail address, live": (n) => search({ query: emailOf(pick(n, PEOPLE)), state: "live" }),
    "a person by id": (n) => search({ userId: userIdOf(pick(n, PEOPLE)) }),
    "an address, IPv4": (n) => search({ query: `${pick(n, 223) + 1}.${pick(n, 256)}.` }),
    "an office's address": (n) => search({ query: `198.51.${pick(n, 256)}.7` }),
    "an address, IPv6": (n) => search({ query: `2001:db8:${pick(n, 65_536).toString(16)}:` }),
    "addresses that share a beginning": () => search({ query: "198." }),
    "nobody's IP address": (n) => search({ query: `250.${pick(n, 256)}.1.1` }),
    "the page after the 500,000th": () => search({}, { limit: 50, cursor: cursorAt(now, SESSIONS / 2) }),
    "own sessions": (n) => stores.sessions.listLiveOfUser(userIdOf(withSessions(n)), first(), now),
    "people by part of an address": (n) => stores.users.list({ query: `${pick(n, PEOPLE)}@` }, first()),
    "people by part of a name": () => stores.users.list({ query: "kovacs" }, first()),
  };
}

/** The place in the list at which about so many newer sessions have been seen (lib/store/cursor.ts). */
function cursorAt(now: Date, seen: number): string {
  const createdAt = new Date(now.getTime() - (seen / SESSIONS) * 40 * 86_400_000);
  return Buffer.from(JSON.stringify([createdAt.toISOString(), "A".repeat(22)])).toString("base64url");
}
