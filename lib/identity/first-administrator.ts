import { COMMAND_LINE } from "@/lib/audit/actor";
import { SettingError } from "@/lib/config/setting-error";
import { createFirstAdministrator } from "./create-user";
import { credentialsSchema } from "./credentials-input";
import type { IdentityDependencies } from "./dependencies";
import { createLink } from "./one-time-links";
import { findPasswordFault } from "./password-rules";
import type { SignInInput } from "./sign-in";

/**
 * On an empty database: creates the administrator that the settings name, or makes the set-up link.
 * Returns a line for the operator, or null when people exist already. A new link replaces the older one.
 */
export async function prepareFirstAdministrator(
  deps: IdentityDependencies,
  bootstrap: { email: string; password: string } | null,
): Promise<string | null> {
  if (!(await deps.users.isEmpty())) return null;
  if (bootstrap === null) {
    const { url } = await createLink(deps, "setup", null, COMMAND_LINE);
    return `Create the first administrator (this link works once, for a day): ${url}`;
  }
  const user = await createFirstAdministrator(deps, readBootstrap(bootstrap), COMMAND_LINE);
  return user && `The first administrator is ${user.email}.`;
}

/** Throws `SettingError` when the settings name nobody who could sign in. */
function readBootstrap(bootstrap: { email: string; password: string }): SignInInput {
  const parsed = credentialsSchema.safeParse(bootstrap);
  if (!parsed.success)
    throw new SettingError("BOOTSTRAP_ADMIN_EMAIL and BOOTSTRAP_ADMIN_PASSWORD are not usable.");
  const fault = findPasswordFault(parsed.data.password, parsed.data.email);
  if (fault !== null) throw new SettingError(`BOOTSTRAP_ADMIN_PASSWORD is not usable. ${fault}`);
  return parsed.data;
}
