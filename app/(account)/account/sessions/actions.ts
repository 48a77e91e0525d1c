"use server";

import { refresh } from "next/cache";
import { headers } from "next/headers";
import { z } from "zod";
import { parseInput } from "@/app/_http/api";
import { requireSession } from "@/app/_http/current-session";
import { clientOf } from "@/app/_http/exchange";
import { formState, readFields } from "@/app/_http/forms";
import { sessionIdSchema } from "@/app/_http/revoke-sessions";
import { endedText } from "@/app/_parts/session-text";
import type { FormState } from "@/app/_ui/form-state";
import { services } from "@/lib/services";
import { endSessions } from "@/lib/sessions/end-sessions";
import type { SessionSelection } from "@/lib/sessions/session-store";

const endForm = z.object({ end: z.union([z.literal("others"), sessionIdSchema]) });

/** Ends one of the person's own sessions, or all but this one. */
export async function endOwnSessions(_state: FormState, form: FormData): Promise<FormState> {
  try {
    const { sub, sid } = await requireSession();
    const { end } = parseInput(endForm, readFields(form, "end"));
    const selection: SessionSelection =
      end === "others"
        ? { kind: "user", userId: sub, exceptId: sid }
        : { kind: "ids", ids: [end], ownedBy: sub };
    const event = { actorId: sub, client: clientOf(await headers()), details: {} };
    const ended = await endSessions(services().sessions, selection, "revoked_by_user", event);
    refresh();
    return { status: "ok", message: endedText(ended.length) };
  } catch (error) {
    return formState(error);
  }
}
