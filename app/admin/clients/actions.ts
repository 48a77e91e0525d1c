"use server";

import { refresh } from "next/cache";
import { redirect } from "next/navigation";
import { adminAction, type RefusalAdvice } from "@/app/_http/action";
import { changedMeanwhile, shownNow } from "@/app/_http/changed-meanwhile";
import { confirmAndReturnTo } from "@/app/_http/confirm-identity";
import { requireFreshSignIn } from "@/app/_http/current-session";
import { typedValues } from "@/app/_http/forms";
import { parseInput } from "@/app/_http/parse-input";
import { endedText } from "@/app/_parts/session-text";
import type { FormState } from "@/app/_ui/form-state";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { clientChangeSchema, newClientSchema } from "@/lib/oauth/client-input";
import {
  addClientSecret,
  changeClient,
  createClient,
  endPreviousSecret,
  removeClient,
  revokeClient,
} from "@/lib/oauth/manage-clients";
import { endSessions } from "@/lib/sessions/end-sessions";
import { toNewClient } from "./client-kinds";
import {
  CHANGED_FIELDS,
  clientChangeForm,
  grantForm,
  idForm,
  NEW_FIELDS,
  newClientForm,
  takeBackForm,
} from "./form-fields";
import { addressWith, PATH, viewOf } from "./query";
import { secretToPassOn } from "./told-once";
import { shownText } from "./view/settings-text";

export async function create(_state: FormState, form: FormData): Promise<FormState> {
  const advice = confirmAndReturnTo(addressWith(typedValues(form, NEW_FIELDS)));
  const spec = { schema: newClientForm, kept: NEW_FIELDS, advice } as const;
  return adminAction(form, spec, async ({ latchkey, input: { kind, ...settings }, claims, actor }) => {
    requireFreshSignIn(claims);
    const terms = parseInput(newClientSchema, toNewClient(kind, settings));
    const { client, secret } = await createClient(latchkey.oauth, terms, actor);
    refresh();
    return {
      status: "ok",
      message: `${client.name} is added.`,
      link: { href: viewOf(client.id), label: "How it is set up" },
      copies: secret === null ? [] : [secretToPassOn(client.name, secret)],
    };
  });
}

export async function change(_state: FormState, form: FormData): Promise<FormState> {
  const kept = ["was", ...CHANGED_FIELDS] as const;
  const spec = { schema: clientChangeForm, kept, advice: adviceOn(form, kept) };
  return adminAction(form, spec, async ({ latchkey, input: { id, was: _, ...settings }, claims, actor }) => {
    requireFreshSignIn(claims);
    const terms = parseInput(clientChangeSchema, settings);
    const found = await latchkey.stores.clients.find(id);
    if (found === null) throw new LatchkeyError("not_found");
    const refusal = changedMeanwhile(form, shownText(found));
    if (refusal !== null) return refusal;
    const changed = await changeClient(latchkey.oauth, id, terms, actor, found.updatedAt);
    refresh();
    const message = "Saved. It holds for every request from now on.";
    return { status: "ok", message, values: shownNow(shownText(changed)) };
  });
}

export async function addSecret(_state: FormState, form: FormData): Promise<FormState> {
  const spec = { schema: idForm, advice: adviceOn(form) };
  return adminAction(form, spec, async ({ latchkey, input: { id }, claims, actor }) => {
    requireFreshSignIn(claims);
    const secret = await addClientSecret(latchkey.oauth, id, actor);
    refresh();
    const message = "Here is the new secret. The former one works until you end it, or make another.";
    return { status: "ok", message, copies: [secretToPassOn("this client", secret)] };
  });
}

export async function endFormerSecret(_state: FormState, form: FormData): Promise<FormState> {
  const spec = { schema: idForm, advice: adviceOn(form) };
  return adminAction(form, spec, async ({ latchkey, input: { id }, claims, actor }) => {
    requireFreshSignIn(claims);
    await endPreviousSecret(latchkey.oauth, id, actor);
    refresh();
    return { status: "ok", message: "The newest secret alone works now." };
  });
}

/** Ends one grant, as any session is ended. */
export async function endGrant(_state: FormState, form: FormData): Promise<FormState> {
  const spec = { schema: grantForm, kept: ["reason"], advice: adviceOn(form, ["reason"]) } as const;
  return adminAction(form, spec, async ({ latchkey, input: { sessionId, reason }, actor }) => {
    const selection = { kind: "ids", ids: [sessionId], ownedBy: null } as const;
    const event = { actorId: actor.userId, client: actor.client, details: { note: reason } };
    const ended = await endSessions(latchkey.sessions, selection, "revoked_by_admin", event);
    refresh();
    return { status: "ok", message: endedText(ended.length) };
  });
}

export async function takeBack(_state: FormState, form: FormData): Promise<FormState> {
  const spec = { schema: takeBackForm, kept: ["reason"], advice: adviceOn(form, ["reason"]) } as const;
  return adminAction(form, spec, async ({ latchkey, input: { id, reason }, claims, actor }) => {
    requireFreshSignIn(claims);
    const count = await revokeClient(latchkey.oauth, id, reason, actor);
    refresh();
    return { status: "ok", message: `All that it had is taken back. ${endedText(count)}` };
  });
}

export async function remove(_state: FormState, form: FormData): Promise<FormState> {
  const spec = { schema: idForm, advice: adviceOn(form) };
  return adminAction(form, spec, async ({ latchkey, input: { id }, claims, actor }) => {
    requireFreshSignIn(claims);
    await removeClient(latchkey.oauth, id, actor);
    redirect(PATH);
  });
}

const REASON_ADVICE = "Give a reason of at most 200 characters.";

/** What helps against the refusals of a client's page, where these fields come along to a fresh sign-in. */
function adviceOn(form: FormData, fields: readonly string[] = []): RefusalAdvice {
  const { id = "", ...values } = typedValues(form, ["id", ...fields]);
  return {
    ...confirmAndReturnTo(viewOf(id, values)),
    not_found: { message: "That is no longer there: the client or its secret has gone meanwhile." },
    // The field is in a dialog that has been closed.
    ...(fields.includes("reason")
      ? { invalid_request: { message: REASON_ADVICE, errors: { reason: REASON_ADVICE } } }
      : {}),
  };
}
