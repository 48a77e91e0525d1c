"use server";

import { refresh } from "next/cache";
import { headers } from "next/headers";
import { z } from "zod";
import { actorOf } from "@/app/_http/actor-of";
import { parseInput } from "@/app/_http/api";
import { requireSession } from "@/app/_http/current-session";
import { clientOf } from "@/app/_http/exchange";
import { formState, readFields } from "@/app/_http/forms";
import { type FormState, typedValues } from "@/app/_ui/form-state";
import { changeName } from "@/lib/identity/change-user";
import { nameSchema } from "@/lib/identity/user-input";
import { services } from "@/lib/services";

const nameForm = z.object({ name: nameSchema });

export async function saveName(_state: FormState, form: FormData): Promise<FormState> {
  try {
    const claims = await requireSession();
    const { name } = parseInput(nameForm, readFields(form, "name"));
    await changeName(services().identity, claims.sub, name, actorOf(claims, clientOf(await headers())));
    refresh();
    return { status: "ok", message: "Your name is saved." };
  } catch (error) {
    return formState(error, typedValues(form, "name"));
  }
}
