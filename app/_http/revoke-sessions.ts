import { z } from "zod";
import type { SessionSelection } from "@/lib/sessions/session-store";
import { reasonSchema as reason } from "./reason";

const MAX_SESSIONS_AT_ONCE = 1_000;

export const sessionIdSchema = z.string().regex(/^[A-Za-z0-9_-]{22}$/, "This is not the id of a session.");
const sessionIds = z.array(sessionIdSchema).max(MAX_SESSIONS_AT_ONCE);

/** As a form sends them: none may be ticked. */
export const tickedSessionsSchema = z.strictObject({ sessionIds, reason });
export const sessionsOfPersonSchema = z.strictObject({ userId: z.uuid(), reason });
export const everyonesSessionsSchema = z.strictObject({ reason });

/** Some sessions, all of a person, or everyone's (API.md). */
export const revokeSessionsSchema = z.union(
  [
    tickedSessionsSchema.extend({ sessionIds: sessionIds.min(1) }),
    sessionsOfPersonSchema,
    everyonesSessionsSchema.extend({ all: z.literal(true) }),
  ],
  "Give sessionIds, userId or all, and a reason.",
);

export function toSelection(input: z.infer<typeof revokeSessionsSchema>): SessionSelection {
  if ("sessionIds" in input) return { kind: "ids", ids: input.sessionIds, ownedBy: null };
  if ("userId" in input) return { kind: "user", userId: input.userId, exceptId: null };
  return { kind: "all", exceptId: null };
}
