import { z } from "zod";
import { reasonSchema } from "@/app/_http/reason";
import { audienceChangeSchema, newAudienceSchema } from "@/lib/audiences/audience-input";
import { parseEncryptionKey } from "@/lib/audiences/encryption-key";
import { isLatchkeyError } from "@/lib/errors/latchkey-error";

// What the forms of this page send is text: "" where nothing was typed. The rest is as the JSON API has it.

const typed = z.string().trim();

const blankAs = <Blank>(blank: Blank) => typed.transform((text) => (text === "" ? blank : text));

const { shape } = newAudienceSchema;

const lifetimeSeconds = typed
  .transform((text) => (text === "" ? undefined : /^\d{1,6}$/.test(text) ? Number(text) : text))
  .pipe(z.number("A whole number of seconds.").optional());

/** Looked at here already: what is no public key is refused before anything is sent anywhere. */
const encryptionJwk = typed.transform((text, context) => {
  if (text === "") return null;
  try {
    const jwk: unknown = JSON.parse(text);
    parseEncryptionKey(jwk);
    return jwk;
  } catch (error) {
    context.addIssue({ code: "custom", message: keyFault(error) });
    return z.NEVER;
  }
});

const keyFault = (error: unknown): string =>
  (isLatchkeyError(error) && error.fields?.encryptionJwk) || "This is not JSON. Give a public key as a JWK.";

const changing = {
  lifetimeSeconds,
  scope: shape.scope,
  encryptionJwk,
  jwksUri: blankAs(null).pipe(shape.jwksUri.unwrap()),
};

export const newAudienceForm = z.object({
  identifier: typed.pipe(shape.identifier),
  profile: shape.profile,
  algorithm: blankAs(undefined).pipe(shape.algorithm),
  ...changing,
});

export const NEW_FIELDS = [
  "identifier",
  "profile",
  "algorithm",
  "lifetimeSeconds",
  "scope",
  "encryptionJwk",
  "jwksUri",
] as const;

const identifier = shape.identifier;

/** Where the profile does not encrypt, the last two are not there. */
export const audienceChangeForm = z.object({
  identifier,
  was: z.string().optional(),
  lifetimeSeconds,
  scope: audienceChangeSchema.shape.scope,
  encryptionJwk: encryptionJwk.optional(),
  jwksUri: changing.jwksUri.optional(),
});

export const CHANGED_FIELDS = ["lifetimeSeconds", "scope", "encryptionJwk", "jwksUri"] as const;

/** A button that needs to know no more than whose it is. */
export const identifierForm = z.object({ identifier });

export const revocationForm = z.object({ identifier, kid: z.string(), reason: reasonSchema });
