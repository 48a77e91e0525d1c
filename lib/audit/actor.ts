import type { AuditEvent, Client } from "./events";

/** Who asks for something: a signed-in person, or the command line. */
export interface Actor {
  /** Null: the command line. */
  userId: string | null;
  sessionId: string | null;
  client: Client | null;
}

export const COMMAND_LINE: Actor = { userId: null, sessionId: null, client: null };

/** What an event says of who did it. */
export const doneBy = ({
  userId,
  sessionId,
  client,
}: Actor): Pick<AuditEvent, "actorId" | "sessionId" | "client"> => ({
  actorId: userId,
  sessionId,
  client,
});
