"use server";

import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { parseInput } from "@/app/_http/api";
import { openBrowserSession } from "@/app/_http/browser-session";
import { clientOf } from "@/app/_http/exchange";
import { formState, readField, readFields } from "@/app/_http/forms";
import { replacedSessionId } from "@/app/_http/replaced-session";
import type { FormState } from "@/app/_ui/form-state";
import { redeemPasswordLink } from "@/lib/identity/change-password";
import { newPasswordSchema } from "@/lib/identity/credentials-input";
import { services } from "@/lib/services";

/** Sets the password of the person whom an invitation or reset link is for, and signs them in. */
export async function redeemLink(_state: FormState, form: FormData): Promise<FormState> {
  try {
    const { password } = parseInput(newPasswordSchema, readFields(form, "password"));
    const token = readField(form, "token") ?? "";
    const requestHeaders = await headers();
    const replaced = replacedSessionId(requestHeaders);
    const client = clientOf(requestHeaders);
    await openBrowserSession(
      await redeemPasswordLink(services().identity, token, password, client, replaced),
    );
    return redirect("/account");
  } catch (error) {
    return formState(error);
  }
}
