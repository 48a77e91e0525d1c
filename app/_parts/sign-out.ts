"use server";

import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { closeBrowserSession } from "@/app/_http/browser-session";
import { clientOf } from "@/app/_http/client-of";
import { readPresented } from "@/app/_http/presented";
import { services } from "@/lib/services";
import { logOut } from "@/lib/sessions/log-out";

/** Ends this browser's session. Open to whoever asks: without a session there is nothing to end. */
export async function signOut(): Promise<void> {
  const { sessions, settings } = services();
  const requestHeaders = await headers();
  await logOut(sessions, readPresented(requestHeaders, settings.secureCookies), clientOf(requestHeaders));
  await closeBrowserSession();
  redirect("/login?reason=signed-out");
}
