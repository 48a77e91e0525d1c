"use server";

import { refresh } from "next/cache";
import { z } from "zod";
import { type RefusalAdvice, sessionAction } from "@/app/_http/action";
import type { FormState } from "@/app/_ui/form-state";
import { clientIdSchema } from "@/app/admin/clients/query";
import { disconnectApp } from "@/lib/oauth/connected-apps";

const schema = z.object({ clientId: clientIdSchema });

const advice: RefusalAdvice = { not_found: { message: "That app is no longer connected." } };

/** Ends what the person has let an app do, and forgets that they allowed it. */
export async function disconnect(_state: FormState, form: FormData): Promise<FormState> {
  return sessionAction(form, { schema, advice }, async ({ latchkey, input: { clientId }, actor }) => {
    await disconnectApp(latchkey.oauth, clientId, actor);
    refresh();
    return { status: "ok", message: "The app is disconnected. It can do nothing more for you." };
  });
}
