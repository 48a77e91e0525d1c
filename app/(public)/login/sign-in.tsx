import Link from "next/link";
import { AuthCard } from "@/app/_ui/auth-card";
import { Notice } from "@/app/_ui/notice";
import { services } from "@/lib/services";
import { LoginForm } from "./login-form";

interface SignInProps {
  returnTo: string;
  /** From a page that needs a session. */
  wasSentHere: boolean;
  hasSignedOut: boolean;
  /** Who it may be, as a client believes. */
  suggestedEmail?: string | undefined;
}

export function SignIn({ returnTo, wasSentHere, hasSignedOut, suggestedEmail }: SignInProps) {
  const isOpen = services().settings.signup === "open";
  return (
    <AuthCard
      title="Sign in"
      intro={wasSentHere ? "You will be taken back to where you were going." : undefined}
      footer={
        <div className="grid gap-1">
          {isOpen && (
            <p>
              New here?{" "}
              <Link href="/signup" prefetch={false}>
                Create an account
              </Link>
            </p>
          )}
          <p>Forgot your password? An administrator can give you a link to choose a new one.</p>
        </div>
      }
    >
      <div className="grid gap-5">
        {hasSignedOut && <Notice tone="success">You are signed out on this device.</Notice>}
        <LoginForm returnTo={returnTo} submitLabel="Sign in" suggestedEmail={suggestedEmail} />
      </div>
    </AuthCard>
  );
}
