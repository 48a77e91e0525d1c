"use server";

import { headers } from "next/headers";
import { z } from "zod";
import { publicAction } from "@/app/_http/action";
import { closeBrowserSession } from "@/app/_http/browser-session";
import { readPresented } from "@/app/_http/presented";
import type { FormState } from "@/app/_ui/form-state";
import { logOut } from "@/lib/sessions/log-out";

const schema = z.object({});

/** Ends this browser's session and stays on the page, which then says so and leads back to who asked for it. */
export async function leave(_state: FormState, form: FormData): Promise<FormState> {
  return publicAction(form, { schema }, async ({ latchkey: { sessions, settings }, client }) => {
    await logOut(sessions, readPresented(await headers(), settings.secureCookies), client);
    await closeBrowserSession();
    return { status: "ok" };
  });
}
