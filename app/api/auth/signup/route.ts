import { api, readJson } from "@/app/_http/api";
import { signInAnswer } from "@/app/_http/sign-in-answer";
import { signUp } from "@/lib/identity/create-user";
import { credentialsSchema } from "@/lib/identity/credentials-input";

export const POST = api(async (call) => {
  const input = await readJson(call.request, credentialsSchema);
  return signInAnswer(201, call, (replaced) => signUp(call.latchkey.identity, input, call.client, replaced));
});
