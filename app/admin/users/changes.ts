import { z } from "zod";
import type { RefusalAdvice } from "@/app/_http/action";
import { confirmAndReturnTo } from "@/app/_http/confirm-identity";
import { ONE_TIME_LINK_SECONDS } from "@/lib/config/durations";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import type { IssuedLink } from "@/lib/identity/one-time-links";
import type { UserChange } from "@/lib/identity/user-store";

/** The buttons that change a person: what each does, and how the message goes on after the address. */
export const CHANGES = {
  disable: { to: { status: "disabled" }, done: "is disabled and signed out everywhere." },
  enable: { to: { status: "active" }, done: "is enabled and can sign in again." },
  promote: { to: { role: "admin" }, done: "is an administrator now, from their next sign-in on." },
  demote: { to: { role: "user" }, done: "is a user now, from their next sign-in on." },
} as const satisfies Record<string, { to: UserChange; done: string }>;

type ChangeName = keyof typeof CHANGES;

/** Each button sends the id of its person under its own name. */
const button = z.string().optional();
const buttons = { link: button, disable: button, enable: button, promote: button, demote: button };
export const buttonsSchema = z.object(buttons satisfies Record<ChangeName | "link", typeof button>);

/** Throws `invalid_request` when none of `CHANGES` was pressed. */
export function pressedChange(pressed: z.infer<typeof buttonsSchema>): ChangeName {
  const name = (Object.keys(CHANGES) as ChangeName[]).find((candidate) => pressed[candidate] !== undefined);
  if (name === undefined) throw new LatchkeyError("invalid_request");
  return name;
}

const LINK_MINUTES = ONE_TIME_LINK_SECONDS / 60;

/** A one-time link as the administrator gets to see it, this once. */
export function linkToPassOn(kind: string, { email }: { email: string }, { url }: IssuedLink) {
  return {
    label: `${kind} for ${email}`,
    value: url,
    hint: `Pass it on to them alone. It works once, for ${LINK_MINUTES} minutes, and is not shown again.`,
  };
}

/** What helps against the refusals of this page. */
export const ADVICE: RefusalAdvice = {
  ...confirmAndReturnTo("/admin/users"),
  last_administrator: {
    message: "This is the last active administrator. Make somebody else one first.",
  },
};
