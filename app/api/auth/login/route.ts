import { api, readJson } from "@/app/_http/api";
import { signInAnswer } from "@/app/_http/sign-in-answer";
import { credentialsSchema } from "@/lib/identity/credentials-input";
import { signIn } from "@/lib/identity/sign-in";

export const POST = api(async (call) => {
  const input = await readJson(call.request, credentialsSchema);
  return signInAnswer(200, call, (replaced) => signIn(call.latchkey.identity, input, call.client, replaced));
});
