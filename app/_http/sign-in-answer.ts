import type { NextResponse } from "next/server";
import { type ApiCall, cookiesOf, json } from "./api";
import { type SignIn, signInReplacing } from "./sign-in-replacing";
import { sessionView, userView } from "./views";

/** In a route: signs the caller in, in place of the session they have now. */
export async function signInAnswer(status: number, call: ApiCall, signIn: SignIn): Promise<NextResponse> {
  const credentials = await signInReplacing(call.request.headers, signIn);
  const { user, session, accessTokenExpiresAt } = credentials;
  const body = { user: userView(user), session: sessionView(session, session.id), accessTokenExpiresAt };
  return json(status, body, cookiesOf(credentials));
}
