"use server";

import { refresh } from "next/cache";
import { z } from "zod";
import { sessionAction } from "@/app/_http/action";
import type { FormState } from "@/app/_ui/form-state";
import { changeName } from "@/lib/identity/change-user";
import { nameSchema } from "@/lib/identity/user-input";

const schema = z.object({ name: nameSchema });

export async function saveName(_state: FormState, form: FormData): Promise<FormState> {
  return sessionAction(form, { schema, kept: ["name"] }, async ({ latchkey, input, claims, actor }) => {
    await changeName(latchkey.identity, claims.sub, input.name, actor);
    refresh();
    return { status: "ok", message: "Your name is saved." };
  });
}
