"use server";

import { refresh } from "next/cache";
import { redirect } from "next/navigation";
import { adminAction } from "@/app/_http/action";
import { requireFreshSignIn } from "@/app/_http/current-session";
import { requireUserId } from "@/app/_http/user-id";
import type { FormState } from "@/app/_ui/form-state";
import type { Actor } from "@/lib/audit/actor";
import { changeUser } from "@/lib/identity/change-user";
import { inviteUser } from "@/lib/identity/create-user";
import { createPasswordLink } from "@/lib/identity/one-time-links";
import { inviteSchema } from "@/lib/identity/user-input";
import { services } from "@/lib/services";
import { ADVICE, buttonsSchema, CHANGES, linkToPassOn, pressedChange } from "./changes";

export async function invite(_state: FormState, form: FormData): Promise<FormState> {
  const spec = { schema: inviteSchema, kept: ["email", "name", "role"], advice: ADVICE } as const;
  return adminAction(form, spec, async ({ latchkey, input, claims, actor }) => {
    if (input.role === "admin") requireFreshSignIn(claims);
    const { user, link } = await inviteUser(latchkey.identity, input, actor);
    refresh();
    const copies = [linkToPassOn("Invitation link", user, link)];
    return { status: "ok", message: `${user.email} is invited.`, copies };
  });
}

/** Does to one person what the pressed button says. */
export async function changePerson(_state: FormState, form: FormData): Promise<FormState> {
  const spec = { schema: buttonsSchema, advice: ADVICE };
  return adminAction(form, spec, async ({ latchkey, input, claims, actor }) => {
    if (input.link !== undefined) {
      requireFreshSignIn(claims);
      return makeLink(requireUserId(input.link), actor);
    }
    const name = pressedChange(input);
    const change = CHANGES[name];
    if ("role" in change.to) requireFreshSignIn(claims);
    const userId = requireUserId(input[name]);
    const user = await changeUser(latchkey.identity, userId, change.to, actor);
    if (userId === claims.sub) redirect("/login");
    refresh();
    return { status: "ok", message: `${user.email} ${change.done}` };
  });
}

async function makeLink(userId: string, actor: Actor): Promise<FormState> {
  const { identity, stores } = services();
  const link = await createPasswordLink(identity, userId, actor);
  const user = await stores.users.find(userId);
  const email = user?.email ?? "this person";
  return {
    status: "ok",
    message: `Here is a link for ${email}. Older ones no longer work.`,
    copies: [linkToPassOn("One-time link", { email }, link)],
  };
}
