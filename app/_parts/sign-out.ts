"use server";

import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { endBrowserSession } from "@/app/_http/browser-session";
import { clientOf } from "@/app/_http/client-of";

/** Ends this browser's session. Open to whoever asks: without a session there is nothing to end. */
export async function signOut(): Promise<void> {
  await endBrowserSession(clientOf(await headers()));
  redirect("/login?reason=signed-out");
}
