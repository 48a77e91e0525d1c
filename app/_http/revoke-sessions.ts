import { z } from "zod";
import type { SessionSelection } from "@/lib/sessions/session-store";

const MAX_SESSIONS_AT_ONCE = 1_000;

/** Why, in the administrator's words; it is kept in the audit log. */
const reason = z
  .string("Say why.")
  .trim()
  .min(1, "Say why.")
  .max(200, "Use at most 200 characters.")
  // Postgres takes neither a NUL nor half a surrogate pair into a JSON column.
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, "Leave out control characters.");
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
