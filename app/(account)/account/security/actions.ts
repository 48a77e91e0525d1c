"use server";

import { headers } from "next/headers";
import { parseInput } from "@/app/_http/api";
import { openBrowserSession } from "@/app/_http/browser-session";
import { requireSession } from "@/app/_http/current-session";
import { clientOf } from "@/app/_http/exchange";
import { formState, readFields } from "@/app/_http/forms";
import type { FormState } from "@/app/_ui/form-state";
import { hasCode } from "@/lib/errors/latchkey-error";
import { changePassword } from "@/lib/identity/change-password";
import { passwordChangeSchema } from "@/lib/identity/credentials-input";
import { services } from "@/lib/services";

export async function savePassword(_state: FormState, form: FormData): Promise<FormState> {
  try {
    const claims = await requireSession();
    const change = parseInput(passwordChangeSchema, readFields(form, "currentPassword", "newPassword"));
    const client = clientOf(await headers());
    await openBrowserSession(await changePassword(services().identity, claims.sub, change, client));
    return { status: "ok", message: "Your password is changed. You are signed out everywhere but here." };
  } catch (error) {
    if (hasCode(error, "current_password_wrong")) {
      return { status: "error", errors: { currentPassword: error.message } };
    }
    return formState(error);
  }
}
