import { ButtonLink } from "@/app/_ui/button-link";
import { ConfirmButton } from "@/app/_ui/confirm-button";
import { SubmitButton } from "@/app/_ui/submit-button";
import { sessionsOf } from "@/app/admin/sessions/query";
import type { User } from "@/lib/identity/user-store";

const SUMMARY =
  "inline-flex min-h-8 cursor-pointer list-none items-center gap-1.5 rounded-control border border-rim bg-surface px-3 " +
  "text-sm font-medium hover:border-edge hover:bg-sunken pointer-coarse:min-h-10 [&::-webkit-details-marker]:hidden";

/** What can be done about a person; opens and closes without JavaScript. */
export function UserMenu({ user }: { user: User }) {
  return (
    <details className="group">
      <summary aria-label={`Manage ${user.email}`} className={SUMMARY}>
        Manage
        <svg viewBox="0 0 16 16" fill="none" aria-hidden="true" className="size-3.5 group-open:rotate-180">
          <path
            d="m4 6.25 4 4 4-4"
            stroke="currentColor"
            strokeWidth="1.5"
            strokeLinecap="round"
            strokeLinejoin="round"
          />
        </svg>
      </summary>
      <div className="mt-3 grid gap-2 @2xl:ml-auto @2xl:w-44">
        <ButtonLink href={sessionsOf(user.id)} size="small" block>
          Sessions
        </ButtonLink>
        <LinkButton user={user} />
        <RoleButton user={user} />
        <StatusButton user={user} />
      </div>
    </details>
  );
}

function LinkButton({ user: { id, passwordHash, status } }: { user: User }) {
  if (status === "disabled") return null;
  return (
    <SubmitButton variant="secondary" size="small" block name="link" value={id}>
      {passwordHash === null ? "New invitation link" : "Password reset link"}
    </SubmitButton>
  );
}

function RoleButton({ user: { id, email, role } }: { user: User }) {
  const isAdmin = role === "admin";
  return (
    <ConfirmButton
      size="small"
      variant="secondary"
      block
      name={isAdmin ? "demote" : "promote"}
      value={id}
      title={isAdmin ? "Make this person a user?" : "Make this person an administrator?"}
      description={
        isAdmin
          ? `${email} can no longer manage people and sessions, and is signed out everywhere.`
          : `${email} will be able to manage everybody, you included, and is signed out everywhere.`
      }
      confirmLabel={isAdmin ? "Make user" : "Make administrator"}
    >
      {isAdmin ? "Make user" : "Make administrator"}
    </ConfirmButton>
  );
}

function StatusButton({ user: { id, email, status } }: { user: User }) {
  if (status === "disabled") {
    return (
      <SubmitButton variant="secondary" size="small" block name="enable" value={id}>
        Enable
      </SubmitButton>
    );
  }
  return (
    <ConfirmButton
      size="small"
      block
      name="disable"
      value={id}
      title="Disable this account?"
      description={`${email} is signed out everywhere at once and cannot sign in until you enable the account again.`}
      confirmLabel="Disable account"
    >
      Disable
    </ConfirmButton>
  );
}
