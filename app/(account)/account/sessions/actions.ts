"use server";

import { refresh } from "next/cache";
import { z } from "zod";
import { sessionAction } from "@/app/_http/action";
import { sessionIdSchema } from "@/app/_http/revoke-sessions";
import { endedText } from "@/app/_parts/session-text";
import type { FormState } from "@/app/_ui/form-state";
import { endSessions } from "@/lib/sessions/end-sessions";
import type { SessionSelection } from "@/lib/sessions/session-store";

const schema = z.object({ end: z.union([z.literal("others"), sessionIdSchema]) });

/** Ends one of the person's own sessions, or all but this one. */
export async function endOwnSessions(_state: FormState, form: FormData): Promise<FormState> {
  return sessionAction(
    form,
    { schema },
    async ({ latchkey, input: { end }, claims: { sub, sid }, client }) => {
      const selection: SessionSelection =
        end === "others"
          ? { kind: "user", userId: sub, exceptId: sid }
          : { kind: "ids", ids: [end], ownedBy: sub };
      const event = { actorId: sub, client, details: {} };
      const ended = await endSessions(latchkey.sessions, selection, "revoked_by_user", event);
      refresh();
      return { status: "ok", message: endedText(ended.length) };
    },
  );
}
