"use server";

import { refresh } from "next/cache";
import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { actorOf } from "@/app/_http/actor-of";
import { parseInput } from "@/app/_http/api";
import { requireAdmin, requireFreshSignIn } from "@/app/_http/current-session";
import { clientOf } from "@/app/_http/exchange";
import { readField, readFields } from "@/app/_http/forms";
import { requireUserId } from "@/app/_http/user-id";
import { type FormState, typedValues } from "@/app/_ui/form-state";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import type { Actor } from "@/lib/identity/actor";
import { changeUser } from "@/lib/identity/change-user";
import { inviteUser } from "@/lib/identity/create-user";
import { createPasswordLink } from "@/lib/identity/one-time-links";
import { inviteSchema } from "@/lib/identity/user-input";
import { services } from "@/lib/services";
import { CHANGES, type ChangeName, explainRefusal, linkToPassOn } from "./changes";

export async function invite(_state: FormState, form: FormData): Promise<FormState> {
  try {
    const claims = await requireAdmin();
    const input = parseInput(inviteSchema, readFields(form, "email", "name", "role"));
    if (input.role === "admin") requireFreshSignIn(claims);
    const actor = actorOf(claims, clientOf(await headers()));
    const { user, link } = await inviteUser(services().identity, input, actor);
    refresh();
    return {
      status: "ok",
      message: `${user.email} is invited.`,
      copy: linkToPassOn("Invitation link", user, link),
    };
  } catch (error) {
    return explainRefusal(error, typedValues(form, "email", "name", "role"));
  }
}

/** Does to one person what the pressed button says. */
export async function changePerson(_state: FormState, form: FormData): Promise<FormState> {
  try {
    const claims = await requireAdmin();
    const actor = actorOf(claims, clientOf(await headers()));
    if (form.has("link")) {
      requireFreshSignIn(claims);
      return await makeLink(requireUserId(readField(form, "link")), actor);
    }
    const name = pressedButton(form);
    const change = CHANGES[name];
    if ("role" in change.to) requireFreshSignIn(claims);
    const userId = requireUserId(readField(form, name));
    const user = await changeUser(services().identity, userId, change.to, actor);
    if (userId === claims.sub) redirect("/login");
    refresh();
    return { status: "ok", message: `${user.email} ${change.done}` };
  } catch (error) {
    return explainRefusal(error);
  }
}

function pressedButton(form: FormData): ChangeName {
  const name = (Object.keys(CHANGES) as ChangeName[]).find((candidate) => form.has(candidate));
  if (name === undefined) throw new LatchkeyError("invalid_request");
  return name;
}

async function makeLink(userId: string, actor: Actor): Promise<FormState> {
  const { identity, stores } = services();
  const link = await createPasswordLink(identity, userId, actor);
  const user = await stores.users.find(userId);
  const email = user?.email ?? "this person";
  return {
    status: "ok",
    message: `Here is a link for ${email}. Older ones no longer work.`,
    copy: linkToPassOn("One-time link", { email }, link),
  };
}
