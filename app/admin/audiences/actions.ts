"use server";

import { refresh } from "next/cache";
import { redirect } from "next/navigation";
import { adminAction, type RefusalAdvice } from "@/app/_http/action";
import { changedMeanwhile, shownNow } from "@/app/_http/changed-meanwhile";
import { confirmAndReturnTo } from "@/app/_http/confirm-identity";
import { requireFreshSignIn } from "@/app/_http/current-session";
import { typedValues } from "@/app/_http/forms";
import type { FormState } from "@/app/_ui/form-state";
import { shortKid } from "@/app/admin/keys/key-text";
import {
  activateAudienceSecret,
  addAudienceSecret,
  changeAudience,
  createAudience,
  makeFeedToken,
  removeAudience,
} from "@/lib/audiences/manage-audiences";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { revokeKey } from "@/lib/revocation/revoke-key";
import {
  audienceChangeForm,
  CHANGED_FIELDS,
  identifierForm,
  NEW_FIELDS,
  newAudienceForm,
  revocationForm,
} from "./form-fields";
import { addressWith, PATH, viewOf } from "./query";
import { feedTokenToPassOn, secretToPassOn } from "./told-once";
import { shownText } from "./view/settings-text";

export async function create(_state: FormState, form: FormData): Promise<FormState> {
  const advice: RefusalAdvice = {
    ...confirmAndReturnTo(addressWith(typedValues(form, NEW_FIELDS))),
    audience_taken: { errors: { identifier: "There is an audience of this identifier already." } },
  };
  const spec = { schema: newAudienceForm, kept: NEW_FIELDS, advice } as const;
  return adminAction(form, spec, async ({ latchkey: { audiences }, input, claims, actor }) => {
    requireFreshSignIn(claims);
    const { audience, feedToken, secret } = await createAudience(audiences, input, actor);
    refresh();
    const { identifier } = audience;
    return {
      status: "ok",
      message: `${identifier} is added.`,
      link: { href: viewOf(identifier), label: `How it checks its tokens` },
      copies: [
        ...(secret === null ? [] : [secretToPassOn(identifier, secret.secret)]),
        feedTokenToPassOn(identifier, feedToken),
      ],
    };
  });
}

export async function change(_state: FormState, form: FormData): Promise<FormState> {
  const kept = ["was", ...CHANGED_FIELDS] as const;
  const spec = { schema: audienceChangeForm, kept, advice: adviceOn(form, kept) };
  return adminAction(form, spec, async ({ latchkey, input, claims, actor }) => {
    requireFreshSignIn(claims);
    const { identifier, was: _, ...settings } = input;
    const { audiences } = latchkey;
    const found = await audiences.store.find(identifier);
    if (found === null) throw new LatchkeyError("not_found");
    const refusal = changedMeanwhile(form, shownText(found));
    if (refusal !== null) return refusal;
    const changed = await changeAudience(audiences, identifier, settings, actor, found.updatedAt);
    refresh();
    const message = "Saved. It holds for every token from now on.";
    return { status: "ok", message, values: shownNow(shownText(changed)) };
  });
}

export async function renewFeedToken(_state: FormState, form: FormData): Promise<FormState> {
  const spec = { schema: identifierForm, advice: adviceOn(form) };
  return adminAction(form, spec, async ({ latchkey, input: { identifier }, claims, actor }) => {
    requireFreshSignIn(claims);
    const feedToken = await makeFeedToken(latchkey.audiences, identifier, actor);
    refresh();
    const message = "Here is the new feed token. The former one works until the next is made.";
    return { status: "ok", message, copies: [feedTokenToPassOn(identifier, feedToken)] };
  });
}

export async function addSecret(_state: FormState, form: FormData): Promise<FormState> {
  const spec = { schema: identifierForm, advice: adviceOn(form) };
  return adminAction(form, spec, async ({ latchkey, input: { identifier }, claims, actor }) => {
    requireFreshSignIn(claims);
    const { secret, signs } = await addAudienceSecret(latchkey.audiences, identifier, actor);
    refresh();
    const message = signs
      ? "Here is a secret, which signs from now on."
      : "Here is the next secret. Let the service accept it beside the present one, then activate it.";
    return { status: "ok", message, copies: [secretToPassOn(identifier, secret)] };
  });
}

export async function activateSecret(_state: FormState, form: FormData): Promise<FormState> {
  const spec = { schema: identifierForm, advice: adviceOn(form) };
  return adminAction(form, spec, async ({ latchkey, input: { identifier }, claims, actor }) => {
    requireFreshSignIn(claims);
    const { kid } = await activateAudienceSecret(latchkey.audiences, identifier, actor);
    refresh();
    return { status: "ok", message: `Secret ${shortKid(kid)} signs now.` };
  });
}

export async function revokeSecret(_state: FormState, form: FormData): Promise<FormState> {
  const spec = {
    schema: revocationForm,
    kept: ["reason"],
    advice: adviceOn(form, ["kid", "reason"]),
  } as const;
  return adminAction(form, spec, async ({ latchkey, input: { kid, reason }, claims, actor }) => {
    requireFreshSignIn(claims);
    await revokeKey(latchkey.keys, kid, reason, actor);
    refresh();
    return { status: "ok", message: `Secret ${shortKid(kid)} is revoked.` };
  });
}

export async function remove(_state: FormState, form: FormData): Promise<FormState> {
  const spec = { schema: identifierForm, advice: adviceOn(form) };
  return adminAction(form, spec, async ({ latchkey, input: { identifier }, claims, actor }) => {
    requireFreshSignIn(claims);
    await removeAudience(latchkey.audiences, identifier, actor);
    redirect(PATH);
  });
}

const REASON_ADVICE = "Give a reason of at most 200 characters.";

/** What helps against the refusals of an audience's page, where these fields come along to a fresh sign-in. */
function adviceOn(form: FormData, fields: readonly string[] = []): RefusalAdvice {
  const { identifier = "", ...values } = typedValues(form, ["identifier", ...fields]);
  return {
    ...confirmAndReturnTo(viewOf(identifier, values)),
    not_found: { message: "That is no longer there: the audience or its secret has gone meanwhile." },
    // The field is in a dialog that has been closed.
    ...(fields.includes("reason")
      ? { invalid_request: { message: REASON_ADVICE, errors: { reason: REASON_ADVICE } } }
      : {}),
  };
}
