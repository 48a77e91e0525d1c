import { COMMAND_LINE } from "./actor";
import { createFirstAdministrator } from "./create-user";
import type { IdentityDependencies } from "./dependencies";
import { createLink } from "./one-time-links";

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
  const user = await createFirstAdministrator(deps, bootstrap, COMMAND_LINE);
  return user && `The first administrator is ${user.email}.`;
}
