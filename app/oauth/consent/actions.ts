"use server";

import { redirect } from "next/navigation";
import { z } from "zod";
import { sessionAction } from "@/app/_http/action";
import { readAuthorization } from "@/app/_http/authorization";
import type { FormState } from "@/app/_ui/form-state";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { allow, deny, needsSignIn } from "@/lib/oauth/authorize";
import { isOAuthError } from "@/lib/oauth/oauth-error";
import type { ConsentState } from "./consent-state";
import { shownText } from "./shown-text";

const schema = z.object({
  query: z.string().max(8_192),
  shown: z.string().max(8_192),
  answer: z.enum(["allow", "deny"]),
});

/** The person's answer. The request is read again: what was shown may have changed meanwhile. */
export async function answerConsent(_state: FormState, form: FormData): Promise<ConsentState> {
  return sessionAction(form, { schema }, async ({ latchkey, input, claims, actor }) => {
    const { oauth, stores } = latchkey;
    const { request, countsSince } = await inWords(readAuthorization(new URLSearchParams(input.query)));
    if (input.answer === "deny") return { status: "ok", leaveTo: await inWords(deny(oauth, request)) };
    const session = await stores.sessions.find(claims.sid);
    if (session === null || needsSignIn(oauth, request, session, countsSince)) {
      redirect(`/oauth/continue?${input.query}`);
    }
    // Somebody else has signed in meanwhile, or the client may ask for more by now: the person is asked anew.
    if (input.shown !== shownText(session.userId, request)) redirect(`/oauth/consent?${input.query}`);
    return { status: "ok", leaveTo: await inWords(allow(oauth, request, session, actor)) };
  });
}

/** What is wrong with the request, for the person: nobody else is there to hear it. */
async function inWords<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (!isOAuthError(error)) throw error;
    throw new LatchkeyError("invalid_request", { fields: { body: error.message } });
  }
}
