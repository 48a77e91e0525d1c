"use server";

import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { parseInput } from "@/app/_http/api";
import { openBrowserSession } from "@/app/_http/browser-session";
import { clientOf } from "@/app/_http/exchange";
import { formState, readField, readFields } from "@/app/_http/forms";
import { type FormState, typedValues } from "@/app/_ui/form-state";
import { setUpFirstAdministrator } from "@/lib/identity/create-user";
import { credentialsSchema } from "@/lib/identity/credentials-input";
import { services } from "@/lib/services";

export async function createFirstAdministrator(_state: FormState, form: FormData): Promise<FormState> {
  try {
    const input = parseInput(credentialsSchema, readFields(form, "email", "password"));
    const token = readField(form, "token") ?? "";
    const client = clientOf(await headers());
    await openBrowserSession(await setUpFirstAdministrator(services().identity, token, input, client));
    return redirect("/account");
  } catch (error) {
    return formState(error, typedValues(form, "email"));
  }
}
