"use server";

import { redirect } from "next/navigation";
import { z } from "zod";
import { publicAction } from "@/app/_http/action";
import { openBrowserSession } from "@/app/_http/browser-session";
import type { FormState } from "@/app/_ui/form-state";
import { setUpFirstAdministrator } from "@/lib/identity/create-user";
import { credentialsSchema } from "@/lib/identity/credentials-input";

const schema = credentialsSchema.extend({ token: z.string().default("") });

export async function createFirstAdministrator(_state: FormState, form: FormData): Promise<FormState> {
  return publicAction(form, { schema, kept: ["email"] }, async ({ latchkey, input, client }) => {
    await openBrowserSession(await setUpFirstAdministrator(latchkey.identity, input.token, input, client));
    return redirect("/account");
  });
}
