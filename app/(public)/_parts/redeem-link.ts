"use server";

import { redirect } from "next/navigation";
import { z } from "zod";
import { publicAction } from "@/app/_http/action";
import { signInBrowser } from "@/app/_http/browser-session";
import type { FormState } from "@/app/_ui/form-state";
import { redeemPasswordLink } from "@/lib/identity/change-password";
import { newPasswordSchema } from "@/lib/identity/credentials-input";

const schema = newPasswordSchema.extend({ token: z.string().default("") });

/** Sets the password of the person whom an invitation or reset link is for, and signs them in. */
export async function redeemLink(_state: FormState, form: FormData): Promise<FormState> {
  return publicAction(form, { schema }, async ({ latchkey, input: { token, password }, client }) => {
    await signInBrowser((replaced) =>
      redeemPasswordLink(latchkey.identity, token, password, client, replaced),
    );
    return redirect("/account");
  });
}
