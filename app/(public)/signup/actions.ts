"use server";

import { redirect } from "next/navigation";
import { publicAction } from "@/app/_http/action";
import { signInBrowser } from "@/app/_http/browser-session";
import type { FormState } from "@/app/_ui/form-state";
import { signUp } from "@/lib/identity/create-user";
import { credentialsSchema as schema } from "@/lib/identity/credentials-input";

export async function createAccount(_state: FormState, form: FormData): Promise<FormState> {
  return publicAction(form, { schema, kept: ["email"] }, async ({ latchkey, input, client }) => {
    await signInBrowser((replaced) => signUp(latchkey.identity, input, client, replaced));
    return redirect("/account");
  });
}
