"use server";

import { refresh } from "next/cache";
import { z } from "zod";
import { adminAction, type RefusalAdvice } from "@/app/_http/action";
import { renewBrowserSession } from "@/app/_http/browser-session";
import { confirmAndReturnTo } from "@/app/_http/confirm-identity";
import { requireFreshSignIn } from "@/app/_http/current-session";
import { typedValues } from "@/app/_http/forms";
import { optionalReasonSchema, reasonSchema } from "@/app/_http/reason";
import type { FormState } from "@/app/_ui/form-state";
import { utcText } from "@/app/_ui/time-text";
import { signingKid } from "@/lib/key-overview";
import { algorithmSchema } from "@/lib/keys/algorithm-input";
import { requestRotation } from "@/lib/keys/rotation";
import { revokeKey } from "@/lib/revocation/revoke-key";
import { shortKid } from "./key-text";
import { addressWith } from "./query";

const rotation = z.object({ algorithm: algorithmSchema, reason: optionalReasonSchema });

export async function rotateNow(_state: FormState, form: FormData): Promise<FormState> {
  const spec = { schema: rotation, kept: ["reason"], advice: adviceOn(form) } as const;
  return adminAction(form, spec, async ({ latchkey: { keys, keyring }, input, claims, actor }) => {
    requireFreshSignIn(claims);
    const { kid, signsFrom } = await requestRotation(keys, actor, input.reason, input.algorithm);
    refresh();
    const when = signsFrom > keyring.now ? `will sign from ${utcText(signsFrom)} on` : "signs now";
    return { status: "ok", message: `Key ${shortKid(kid)} ${when}.` };
  });
}

const revocation = z.object({ kid: z.string(), reason: reasonSchema });

export async function revoke(_state: FormState, form: FormData): Promise<FormState> {
  const spec = { schema: revocation, kept: ["reason"], advice: adviceOn(form) } as const;
  return adminAction(form, spec, async ({ latchkey, client, input: { kid, reason }, claims, actor }) => {
    requireFreshSignIn(claims);
    await revokeKey(latchkey.keys, kid, reason, actor);
    const revoked = `Key ${shortKid(kid)} is revoked.`;
    const signing = signingKid(latchkey.keyring);
    if (signing === null) return { status: "ok", message: `${revoked} No key can sign for the moment.` };
    // The access token with which this page would be shown again may be of the key that is refused now.
    await renewBrowserSession(client);
    refresh();
    return { status: "ok", message: `${revoked} Key ${shortKid(signing)} signs.` };
  });
}

const REASON_ADVICE = "Give a reason of at most 200 characters.";

/** What helps against the refusals of this page. What was typed comes along on the way to a fresh sign-in. */
const adviceOn = (form: FormData): RefusalAdvice => ({
  ...confirmAndReturnTo(addressWith(typedValues(form, ["kid", "algorithm", "reason"]))),
  // The field is in a dialog that has been closed.
  invalid_request: { message: REASON_ADVICE, errors: { reason: REASON_ADVICE } },
  not_found: { message: "This key is no longer in use: there is nothing to revoke." },
});
