import Link from "next/link";
import { AddressField, type At, LinesField } from "@/app/_parts/kinds-of-field";
import { Field } from "@/app/_ui/field";
import { Select } from "@/app/_ui/select";
import { TextArea } from "@/app/_ui/text-area";
import { TextInput } from "@/app/_ui/text-input";
import type { GrantType } from "@/lib/oauth/client";
import { SIGNING_ALGORITHMS } from "@/lib/oauth/client-input";
import { GRANT_TYPE_TEXT } from "./client-text";
import { Tick } from "./tick";

export function NameField({ at }: At) {
  return (
    <Field name="name" label="Name" hint="As people read it when they are asked to let it in." required>
      <TextInput autoComplete="off" maxLength={80} defaultValue={at ?? undefined} />
    </Field>
  );
}

export function RedirectUrisField({ at }: At) {
  return (
    <LinesField
      at={at}
      rows={3}
      name="redirectUris"
      label="Redirect URIs"
      hint="One a line, and at least one unless people sign in by a code alone. Compared letter by letter: https://app.example/callback; of an app also http://127.0.0.1/callback, where any port fits, or com.example.app:/callback."
    />
  );
}

export function ScopeField({ at, hint }: At & { hint: string }) {
  return (
    <Field name="scope" label="Scope" hint={hint}>
      <TextInput autoComplete="off" autoCapitalize="none" spellCheck={false} defaultValue={at ?? undefined} />
    </Field>
  );
}

/** The services it gets tokens for, and some of those that there are. */
export function AudiencesField({ at, known }: At & { known: readonly string[] }) {
  return <LinesField at={at} name="audiences" label="Audiences" hint={<AudiencesHint known={known} />} />;
}

function AudiencesHint({ known }: { known: readonly string[] }) {
  return (
    <span className="wrap-anywhere">
      The services that it may ask for tokens for, one a line; the first is the default. Only what gets tokens
      of its own has to name one.{" "}
      {known.length === 0 ? (
        <>
          There is none yet: <Link href="/admin/audiences">add one first</Link>.
        </>
      ) : (
        `There are: ${known.join(", ")}.`
      )}
    </span>
  );
}

/** One of the two: the keys of its assertions, or where it publishes them. */
export function KeyFields({
  jwks,
  jwksUri,
  hint,
}: {
  jwks: string | null;
  jwksUri: string | null;
  hint: string;
}) {
  return (
    <>
      <Field name="jwks" label="Public keys" hint={hint}>
        <TextArea placeholder='{"keys":[{"kty":"EC","crv":"P-256",…}]}' defaultValue={jwks ?? undefined} />
      </Field>
      <AddressField
        at={jwksUri}
        name="jwksUri"
        label="Or the address of its JWKS"
        hint="Over https, and not at a private address unless PRIVATE_HOSTS allows it."
        placeholder="https://app.example/jwks.json"
      />
    </>
  );
}

export function PostLogoutRedirectUrisField({ at }: At) {
  return (
    <LinesField
      at={at}
      name="postLogoutRedirectUris"
      label="Redirect URIs after signing out"
      hint="One a line: where a person may be sent back to once signed out here."
    />
  );
}

export function BackchannelLogoutUriField({ at }: At) {
  return (
    <AddressField
      at={at}
      name="backchannelLogoutUri"
      label="Back-channel logout address"
      hint="Latchkey tells it there that a person’s session was ended before its time, again and again for a day until it listens."
      placeholder="https://app.example/backchannel-logout"
    />
  );
}

export function OriginsField({ at }: At) {
  return (
    <LinesField
      at={at}
      name="origins"
      label="Origins of its pages"
      hint="Of an app in the browser, one a line: https://app.example. Their scripts alone may call the endpoints for tokens (CORS)."
    />
  );
}

export function AlgorithmField({ at }: At) {
  return (
    <Field
      name="algorithm"
      label="Algorithm"
      hint="Signs its ID tokens, its logout tokens and its tokens for Latchkey."
      required
    >
      <Select defaultValue={at ?? SIGNING_ALGORITHMS[0]}>
        {SIGNING_ALGORITHMS.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </Select>
    </Field>
  );
}

interface GrantTypeTickProps {
  value: GrantType;
  ticked: readonly string[];
}

export function GrantTypeTick({ value, ticked }: GrantTypeTickProps) {
  return (
    <Tick name="grantTypes" value={value} {...GRANT_TYPE_TEXT[value]} isTicked={ticked.includes(value)} />
  );
}

export function DpopTick({ isTicked }: { isTicked: boolean }) {
  return (
    <Tick
      name="requiresDpop"
      value="yes"
      label="Tokens bound to a key (DPoP)"
      description="It has to prove with each request that it holds the key that its token was made for: a copied token is worth nothing."
      isTicked={isTicked}
    />
  );
}

export function PushedRequestsTick({ isTicked }: { isTicked: boolean }) {
  return (
    <Tick
      name="requiresPushedRequests"
      value="yes"
      label="Requests sent ahead (PAR)"
      description="It has to send what it asks for to Latchkey itself before it sends the person."
      isTicked={isTicked}
    />
  );
}
