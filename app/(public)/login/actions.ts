"use server";

import { redirect } from "next/navigation";
import { z } from "zod";
import { publicAction } from "@/app/_http/action";
import { signInBrowser } from "@/app/_http/browser-session";
import type { FormState } from "@/app/_ui/form-state";
import { credentialsSchema } from "@/lib/identity/credentials-input";
import { signIn } from "@/lib/identity/sign-in";
import { safeReturnTo } from "@/lib/policy/return-to";

const schema = credentialsSchema.extend({ return_to: z.string().optional() });

export async function signInWithPassword(_state: FormState, form: FormData): Promise<FormState> {
  return publicAction(form, { schema, kept: ["email"] }, async ({ latchkey, input, client }) => {
    await signInBrowser((replaced) => signIn(latchkey.identity, input, client, replaced));
    return redirect(safeReturnTo(input.return_to));
  });
}
