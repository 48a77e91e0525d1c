"use server";

import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { parseInput } from "@/app/_http/api";
import { openBrowserSession } from "@/app/_http/browser-session";
import { clientOf } from "@/app/_http/exchange";
import { formState, readFields } from "@/app/_http/forms";
import { replacedSessionId } from "@/app/_http/replaced-session";
import { type FormState, typedValues } from "@/app/_ui/form-state";
import { signUp } from "@/lib/identity/create-user";
import { credentialsSchema } from "@/lib/identity/credentials-input";
import { services } from "@/lib/services";

export async function createAccount(_state: FormState, form: FormData): Promise<FormState> {
  try {
    const input = parseInput(credentialsSchema, readFields(form, "email", "password"));
    const requestHeaders = await headers();
    const replaced = replacedSessionId(requestHeaders);
    await openBrowserSession(await signUp(services().identity, input, clientOf(requestHeaders), replaced));
    return redirect("/account");
  } catch (error) {
    return formState(error, typedValues(form, "email"));
  }
}
