import { redirect } from "next/navigation";
import { findSession } from "./_http/current-session";

export default async function StartPage() {
  redirect((await findSession()) === null ? "/login" : "/account");
}
