import { formState } from "@/app/_http/forms";
import type { FormState } from "@/app/_ui/form-state";
import { ONE_TIME_LINK_SECONDS } from "@/lib/config/durations";
import { hasCode } from "@/lib/errors/latchkey-error";
import type { IssuedLink } from "@/lib/identity/one-time-links";
import type { UserChange } from "@/lib/identity/user-store";

/** The buttons that change a person: what each does, and how the message goes on after the address. */
export const CHANGES = {
  disable: { to: { status: "disabled" }, done: "is disabled and signed out everywhere." },
  enable: { to: { status: "active" }, done: "is enabled and can sign in again." },
  promote: { to: { role: "admin" }, done: "is an administrator now, from their next sign-in on." },
  demote: { to: { role: "user" }, done: "is a user now, from their next sign-in on." },
} as const satisfies Record<string, { to: UserChange; done: string }>;

export type ChangeName = keyof typeof CHANGES;

const LINK_MINUTES = ONE_TIME_LINK_SECONDS / 60;

/** A one-time link as the administrator gets to see it, this once. */
export function linkToPassOn(kind: string, { email }: { email: string }, { url }: IssuedLink) {
  return {
    label: `${kind} for ${email}`,
    value: url,
    hint: `Pass it on to them alone. It works once, for ${LINK_MINUTES} minutes, and is not shown again.`,
  };
}

const CONFIRM = { href: "/login?reason=confirm&return_to=/admin/users", label: "Confirm it is you" };

/** As `formState`, and says what helps against the refusals of this page. */
export async function explainRefusal(error: unknown, values?: Record<string, string>): Promise<FormState> {
  const state = await formState(error, values);
  if (hasCode(error, "reauthentication_required")) {
    return {
      ...state,
      message: "This needs a sign-in of the last 15 minutes.",
      link: CONFIRM,
    };
  }
  if (hasCode(error, "last_administrator")) {
    return { ...state, message: "This is the last active administrator. Make somebody else one first." };
  }
  return state;
}
