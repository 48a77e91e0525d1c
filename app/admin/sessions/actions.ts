"use server";

import { refresh } from "next/cache";
import { headers } from "next/headers";
import { z } from "zod";
import { parseInput } from "@/app/_http/api";
import { requireAdmin } from "@/app/_http/current-session";
import { clientOf } from "@/app/_http/exchange";
import { formState, readEach, readFields } from "@/app/_http/forms";
import { endReasonSchema, sessionIdSchema } from "@/app/_http/revoke-sessions";
import { endedText } from "@/app/_parts/session-text";
import { type FormState, typedValues } from "@/app/_ui/form-state";
import { services } from "@/lib/services";
import { endSessions } from "@/lib/sessions/end-sessions";
import type { SessionSelection } from "@/lib/sessions/session-store";
import type { VerifiedClaims } from "@/lib/tokens/verify";

const reasonForm = z.object({ reason: endReasonSchema });
const personForm = z.object({ reason: endReasonSchema, userId: z.uuid() });
const tickedForm = z.object({ reason: endReasonSchema, sessionIds: z.array(sessionIdSchema) });

/** Ends the ticked sessions. The administrator's own is not among them, here and below: signing out ends that. */
export async function endSelected(_state: FormState, form: FormData): Promise<FormState> {
  try {
    const claims = await requireAdmin();
    const ticked = readEach(form, "sessionId");
    if (ticked.length === 0) {
      return {
        status: "error",
        message: "Tick the sessions to end first.",
        values: typedValues(form, "reason"),
      };
    }
    const { sessionIds, reason } = parseInput(tickedForm, {
      ...readFields(form, "reason"),
      sessionIds: ticked,
    });
    const ids = sessionIds.filter((id) => id !== claims.sid);
    return await end({ kind: "ids", ids, ownedBy: null }, reason, claims);
  } catch (error) {
    return formState(error, typedAndTicked(form));
  }
}

function typedAndTicked(form: FormData): Record<string, string> {
  if (!(form instanceof FormData)) return {};
  return { ...typedValues(form, "reason"), sessionId: readEach(form, "sessionId").join(" ") };
}

export async function endOfPerson(_state: FormState, form: FormData): Promise<FormState> {
  try {
    const claims = await requireAdmin();
    const { userId, reason } = parseInput(personForm, readFields(form, "userId", "reason"));
    return await end({ kind: "user", userId, exceptId: claims.sid }, reason, claims);
  } catch (error) {
    return formState(error, typedValues(form, "reason"));
  }
}

export async function endOfEveryone(_state: FormState, form: FormData): Promise<FormState> {
  try {
    const claims = await requireAdmin();
    const { reason } = parseInput(reasonForm, readFields(form, "reason"));
    return await end({ kind: "all", exceptId: claims.sid }, reason, claims);
  } catch (error) {
    return formState(error, typedValues(form, "reason"));
  }
}

async function end(selection: SessionSelection, reason: string, { sub }: VerifiedClaims): Promise<FormState> {
  const event = { actorId: sub, client: clientOf(await headers()), details: { note: reason } };
  const ended = await endSessions(services().sessions, selection, "revoked_by_admin", event);
  refresh();
  return { status: "ok", message: endedText(ended.length) };
}
