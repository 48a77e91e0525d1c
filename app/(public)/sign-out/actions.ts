"use server";

import { z } from "zod";
import { publicAction } from "@/app/_http/action";
import { endBrowserSession } from "@/app/_http/browser-session";
import type { FormState } from "@/app/_ui/form-state";

const schema = z.object({});

/** Ends this browser's session and stays on the page, which then says so and leads back to who asked for it. */
export async function leave(_state: FormState, form: FormData): Promise<FormState> {
  return publicAction(form, { schema }, async ({ client }) => {
    await endBrowserSession(client);
    return { status: "ok" };
  });
}
