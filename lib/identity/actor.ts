import type { Client } from "@/lib/audit/events";

/** Who asks for a change: a signed-in person, or the command line. */
export interface Actor {
  /** Null: the command line. */
  userId: string | null;
  sessionId: string | null;
  client: Client | null;
}

export const COMMAND_LINE: Actor = { userId: null, sessionId: null, client: null };
