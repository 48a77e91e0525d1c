"use server";

import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { parseInput } from "@/app/_http/api";
import { openBrowserSession } from "@/app/_http/browser-session";
import { clientOf } from "@/app/_http/exchange";
import { formState, readField, readFields } from "@/app/_http/forms";
import { replacedSessionId } from "@/app/_http/replaced-session";
import { type FormState, typedValues } from "@/app/_ui/form-state";
import { credentialsSchema } from "@/lib/identity/credentials-input";
import { signIn } from "@/lib/identity/sign-in";
import { safeReturnTo } from "@/lib/policy/return-to";
import { services } from "@/lib/services";

export async function signInWithPassword(_state: FormState, form: FormData): Promise<FormState> {
  try {
    const input = parseInput(credentialsSchema, readFields(form, "email", "password"));
    const requestHeaders = await headers();
    const replaced = replacedSessionId(requestHeaders);
    const credentials = await signIn(services().identity, input, clientOf(requestHeaders), replaced);
    await openBrowserSession(credentials);
    return redirect(safeReturnTo(readField(form, "return_to")));
  } catch (error) {
    return formState(error, typedValues(form, "email"));
  }
}
