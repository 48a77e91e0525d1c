import { deviceName } from "../../lib/policy/user-agent";
import type { Services } from "../../lib/services";
import { endSessions } from "../../lib/sessions/end-sessions";
import { clientIdOf, sessionState } from "../../lib/sessions/session";
import type { SessionSelection } from "../../lib/sessions/session-store";
import { type Command, type CommandArguments, table, UsageError } from "./command";
import { eachPage } from "./each-page";
import { requireUser, textOf } from "./users";

export const sessionsList: Command = {
  parameters: "[--search TEXT] [--all]",
  summary: "lists live sessions, or with --all the ended and expired ones too",
  positionals: 0,
  options: { search: { type: "string" }, all: { type: "boolean" } },
  run: async ({ stores, clock }, { options }) => {
    const now = clock.now();
    const filter = {
      query: textOf(options.search),
      userId: null,
      clientId: null,
      state: options.all ? null : ("live" as const),
    };
    const sessions = await eachPage((page) => stores.sessions.search(filter, page, now));
    const data = sessions.map((session) => ({
      id: session.id,
      email: session.user.email,
      state: sessionState(session, now),
      device: deviceName(session.userAgent),
      clientId: clientIdOf(session),
      ip: session.ip,
      lastSeenAt: session.lastSeenAt,
    }));
    const rows = data.map(({ id, email, state, device, clientId, ip, lastSeenAt }) => {
      return [id, email, state, device, clientId ?? "-", ip, lastSeenAt.toISOString()];
    });
    return {
      data,
      lines: table([["ID", "PERSON", "STATE", "DEVICE", "APP", "ADDRESS", "LAST SEEN"], ...rows]),
    };
  },
};

export const sessionsRevoke: Command = {
  parameters: "(--id ID | --user EMAIL | --everyone) [--reason TEXT]",
  summary: "ends one session, all of a person, or everyone's",
  positionals: 0,
  options: {
    id: { type: "string" },
    user: { type: "string" },
    everyone: { type: "boolean" },
    reason: { type: "string" },
  },
  run: async (latchkey, given) => {
    const selection = await readSelection(latchkey, given);
    const event = { actorId: null, client: null, details: { note: textOf(given.options.reason) } };
    const ended = await endSessions(latchkey.sessions, selection, "revoked_by_admin", event);
    const lines = [`${ended.length} ${ended.length === 1 ? "session" : "sessions"} ended.`];
    return { data: { revoked: ended.length, ids: ended }, lines };
  },
};

async function readSelection(latchkey: Services, { options }: CommandArguments): Promise<SessionSelection> {
  const { id, user, everyone } = options;
  if ([id, user, everyone].filter((option) => option !== undefined).length !== 1) {
    throw new UsageError("Give one of --id, --user and --everyone.");
  }
  if (everyone) return { kind: "all", exceptId: null };
  if (typeof id === "string") return { kind: "ids", ids: [id], ownedBy: null };
  const person = await requireUser(latchkey, { positionals: [String(user)], options: {} });
  return { kind: "user", userId: person.id, exceptId: null };
}
