import { cookiesOf, noContent, readJson, sessionApi } from "@/app/_http/api";
import { changePassword } from "@/lib/identity/change-password";
import { passwordChangeSchema } from "@/lib/identity/credentials-input";

export const POST = sessionApi(async ({ request, latchkey, client }, claims) => {
  const change = await readJson(request, passwordChangeSchema);
  return noContent(cookiesOf(await changePassword(latchkey.identity, claims.sub, change, client)));
});
