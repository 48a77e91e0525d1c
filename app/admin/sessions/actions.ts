"use server";

import { refresh } from "next/cache";
import { adminAction } from "@/app/_http/action";
import {
  everyonesSessionsSchema,
  sessionsOfPersonSchema,
  tickedSessionsSchema,
} from "@/app/_http/revoke-sessions";
import { endedText } from "@/app/_parts/session-text";
import type { FormState } from "@/app/_ui/form-state";
import type { Actor } from "@/lib/audit/actor";
import { services } from "@/lib/services";
import { endSessions } from "@/lib/sessions/end-sessions";
import type { SessionSelection } from "@/lib/sessions/session-store";

/** Ends the ticked sessions. The administrator's own is not among them, here and below: signing out ends that. */
export async function endSelected(_state: FormState, form: FormData): Promise<FormState> {
  const spec = { schema: tickedSessionsSchema, kept: ["reason", "sessionIds"] } as const;
  return adminAction(form, spec, async ({ input: { sessionIds, reason }, claims, actor }) => {
    if (sessionIds.length === 0) return { status: "error", message: "Tick the sessions to end first." };
    const ids = sessionIds.filter((id) => id !== claims.sid);
    return end({ kind: "ids", ids, ownedBy: null }, reason, actor);
  });
}

export async function endOfPerson(_state: FormState, form: FormData): Promise<FormState> {
  const spec = { schema: sessionsOfPersonSchema, kept: ["reason"] } as const;
  return adminAction(form, spec, async ({ input: { userId, reason }, claims, actor }) =>
    end({ kind: "user", userId, exceptId: claims.sid }, reason, actor),
  );
}

export async function endOfEveryone(_state: FormState, form: FormData): Promise<FormState> {
  const spec = { schema: everyonesSessionsSchema, kept: ["reason"] } as const;
  return adminAction(form, spec, async ({ input: { reason }, claims, actor }) =>
    end({ kind: "all", exceptId: claims.sid }, reason, actor),
  );
}

async function end(
  selection: SessionSelection,
  note: string,
  { userId: actorId, client }: Actor,
): Promise<FormState> {
  const event = { actorId, client, details: { note } };
  const ended = await endSessions(services().sessions, selection, "revoked_by_admin", event);
  refresh();
  return { status: "ok", message: endedText(ended.length) };
}
