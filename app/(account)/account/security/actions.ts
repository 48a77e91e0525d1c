"use server";

import { type RefusalAdvice, sessionAction } from "@/app/_http/action";
import { openBrowserSession } from "@/app/_http/browser-session";
import type { FormState } from "@/app/_ui/form-state";
import { ERRORS } from "@/lib/errors/catalogue";
import { changePassword } from "@/lib/identity/change-password";
import { passwordChangeSchema as schema } from "@/lib/identity/credentials-input";

const advice: RefusalAdvice = {
  current_password_wrong: { errors: { currentPassword: ERRORS.current_password_wrong.title } },
};

export async function savePassword(_state: FormState, form: FormData): Promise<FormState> {
  return sessionAction(form, { schema, advice }, async ({ latchkey, input, claims, client }) => {
    await openBrowserSession(await changePassword(latchkey.identity, claims.sub, input, client));
    return { status: "ok", message: "Your password is changed. You are signed out everywhere but here." };
  });
}
