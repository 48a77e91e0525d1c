import { redirect } from "next/navigation";
import { readAuthorization } from "@/app/_http/authorization";
import { requireSession } from "@/app/_http/current-session";
import { addressOf, queryOf, type SearchParams } from "@/app/_http/search-params";
import { ActionForm } from "@/app/_ui/action-form";
import { AuthCard } from "@/app/_ui/auth-card";
import { ButtonLink } from "@/app/_ui/button-link";
import { needsSignIn } from "@/lib/oauth/authorize";
import { describePermissions } from "@/lib/oauth/describe-scope";
import { isOAuthError } from "@/lib/oauth/oauth-error";
import { services } from "@/lib/services";
import { answerConsent } from "./actions";
import { ConsentSteps } from "./consent-steps";
import { InvalidRequest } from "./invalid-request";
import { shownText } from "./shown-text";

/** Asks the person whether a client may do what it asks for (RFC 6749 section 4.1.1). Looking at it decides nothing. */
export default async function ConsentPage({ searchParams }: { searchParams: SearchParams }) {
  const { sid } = await requireSession();
  const query = await queryOf(searchParams);
  const asked = await readAuthorization(query).catch((error: unknown) => {
    if (isOAuthError(error)) return { problem: error.message };
    throw error;
  });
  if ("problem" in asked) return <InvalidRequest problem={asked.problem} />;
  const { oauth, stores } = services();
  const session = await stores.sessions.find(sid);
  const { request, countsSince, markedQuery } = asked;
  if (session === null || needsSignIn(oauth, request, session, countsSince)) {
    redirect(`/oauth/continue?${query}`);
  }
  const { client, redirectUri } = request;
  return (
    <AuthCard
      title={`Let ${client.name} in?`}
      intro={<p className="wrap-anywhere">You are signed in as {session.user.email}.</p>}
      footer={
        <ButtonLink
          href={addressOf("/login", { reason: "switch", return_to: `/oauth/continue?${markedQuery}` })}
          variant="quiet"
          size="small"
        >
          Use another account
        </ButtonLink>
      }
    >
      <ActionForm action={answerConsent} label={`Let ${client.name} in?`}>
        <input type="hidden" name="query" value={query.toString()} />
        <input type="hidden" name="shown" value={shownText(session.userId, request)} />
        <ConsentSteps
          clientName={client.name}
          access={describePermissions([request], oauth.issuer)}
          goesTo={destinationOf(redirectUri)}
        />
      </ActionForm>
    </AuthCard>
  );
}

/** Where the answer goes, as far as it tells a person anything. */
function destinationOf(redirectUri: string): string {
  const { protocol, host, hostname } = new URL(redirectUri);
  if (protocol !== "https:" && protocol !== "http:") return `the app on this device that opens ${protocol}`;
  return protocol === "http:" ? `a program on this device (${hostname})` : host;
}
