import { z } from "zod";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { algorithmSchema } from "@/lib/keys/algorithm-input";
import type { Algorithm } from "@/lib/keys/algorithms";
import { isScope, MAX_SCOPE_CHARACTERS, OWN_CLIENT_ID } from "@/lib/tokens/claims";
import { PROFILES, type ProfileName } from "@/lib/tokens/profiles";
import type { Audience, AudienceChange, AudienceProfile } from "./audience";
import { parseEncryptionKey } from "./encryption-key";

const MIN_LIFETIME_SECONDS = 60;

/** A name, as in a URN. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._:~-]{0,127}$/;
/** What a service is addressed by, and has one spelling: no query, escapes, user or dot segments. */
const ADDRESS = /^https?:\/\/[a-z0-9.-]+(?::\d{1,5})?(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*\/?$/;
const MAX_ADDRESS_CHARACTERS = 200;

const isAddress = (text: string): boolean =>
  text.length <= MAX_ADDRESS_CHARACTERS && ADDRESS.test(text) && URL.canParse(text);

/** The `aud` of an audience's tokens. */
export const identifierSchema = z
  .string()
  .refine(
    (text) => NAME.test(text) || isAddress(text),
    "Give a name of letters, digits and . _ : ~ -, or an address without a query.",
  );

const changing = {
  lifetimeSeconds: z.number("A whole number of seconds.").int("A whole number of seconds."),
  scope: z
    .string()
    .trim()
    .refine(
      (text) => text === "" || isScope(text),
      `Words separated by one space, at most ${MAX_SCOPE_CHARACTERS} characters.`,
    )
    .transform((text) => text || null)
    .nullable(),
  encryptionJwk: z.unknown(),
  jwksUri: z.string().max(2_000).nullable(),
};

/** What an administrator says of a new audience. */
export const newAudienceSchema = z.strictObject({
  identifier: identifierSchema,
  profile: z.enum(Object.keys(PROFILES) as ProfileName[], "Choose one of the profiles."),
  algorithm: algorithmSchema,
  lifetimeSeconds: changing.lifetimeSeconds.optional(),
  scope: changing.scope.default(null),
  encryptionJwk: changing.encryptionJwk.optional(),
  jwksUri: changing.jwksUri.default(null),
});

/** What may change of an audience later. */
export const audienceChangeSchema = z.strictObject({
  lifetimeSeconds: changing.lifetimeSeconds.optional(),
  scope: changing.scope.optional(),
  encryptionJwk: changing.encryptionJwk.optional(),
  jwksUri: changing.jwksUri.optional(),
});

export type NewAudienceInput = z.output<typeof newAudienceSchema>;
export type AudienceChangeInput = z.output<typeof audienceChangeSchema>;

/** An audience as it will be kept. Throws `invalid_request` with what does not fit together. */
export function toAudience(
  input: NewAudienceInput,
  issuer: string,
  now: Date,
): Omit<Audience, "hasFeedToken"> {
  requireOther(input.identifier, issuer);
  const profileName = requireAudienceProfile(input.profile);
  const profile = PROFILES[profileName];
  const algorithms: readonly Algorithm[] = profile.algorithms;
  const algorithm = input.algorithm ?? profile.algorithms[0];
  if (!algorithms.includes(algorithm)) {
    throw fault("algorithm", `The profile ${profileName} takes ${algorithms.join(", ")}.`);
  }
  const lifetimeSeconds = input.lifetimeSeconds ?? profile.lifetimeSeconds;
  requireLifetime(profileName, lifetimeSeconds);
  return {
    identifier: input.identifier,
    profile: profileName,
    algorithm,
    lifetimeSeconds,
    scope: input.scope,
    ...toRecipient(profileName, input),
    createdAt: now,
    updatedAt: now,
  };
}

/** The change as it will be kept. Throws `invalid_request` with what does not fit this audience. */
export function toChange({ profile }: Pick<Audience, "profile">, input: AudienceChangeInput): AudienceChange {
  const { lifetimeSeconds, scope } = input;
  if (lifetimeSeconds !== undefined) requireLifetime(profile, lifetimeSeconds);
  const isRecipientGiven = input.encryptionJwk !== undefined || input.jwksUri !== undefined;
  return {
    ...(lifetimeSeconds === undefined ? {} : { lifetimeSeconds }),
    ...(scope === undefined ? {} : { scope }),
    ...(isRecipientGiven ? toRecipient(profile, input) : {}),
  };
}

/** Our own pages and endpoints are audiences too, and `aud` is compared by its exact text: none may look like them. */
function requireOther(identifier: string, issuer: string): void {
  const plain = identifier.toLowerCase().replace(/\/$/, "");
  const own = issuer.toLowerCase();
  if (plain === own || plain.startsWith(`${own}/`) || plain === OWN_CLIENT_ID) {
    throw fault("identifier", "This names Latchkey itself.");
  }
}

function requireAudienceProfile(profile: ProfileName): AudienceProfile {
  if (profile === "monolith") {
    throw fault(
      "profile",
      "monolith is for the pages of this application alone: nobody outside has its secret. Set SESSION_ALGORITHM=HS256.",
    );
  }
  if (profile === "native") {
    throw fault("profile", "native is for programs that people sign in to, not for a service. Add a client.");
  }
  return profile;
}

function requireLifetime(profile: AudienceProfile, lifetimeSeconds: number): void {
  const { maxLifetimeSeconds } = PROFILES[profile];
  if (lifetimeSeconds >= MIN_LIFETIME_SECONDS && lifetimeSeconds <= maxLifetimeSeconds) return;
  throw fault("lifetimeSeconds", `A number from ${MIN_LIFETIME_SECONDS} to ${maxLifetimeSeconds}.`);
}

function toRecipient(
  profile: AudienceProfile,
  { encryptionJwk, jwksUri = null }: Pick<AudienceChangeInput, "encryptionJwk" | "jwksUri">,
): Pick<Audience, "encryptionKey" | "jwksUri"> {
  const isJwkGiven = encryptionJwk !== undefined && encryptionJwk !== null;
  if (PROFILES[profile].encryption === null) {
    if (isJwkGiven) throw fault("encryptionJwk", `The profile ${profile} does not encrypt.`);
    if (jwksUri !== null) throw fault("jwksUri", `The profile ${profile} does not encrypt.`);
    return { encryptionKey: null, jwksUri: null };
  }
  if (isJwkGiven && jwksUri !== null) throw fault("jwksUri", "Give the key or its address, not both.");
  if (isJwkGiven) return { encryptionKey: parseEncryptionKey(encryptionJwk), jwksUri: null };
  if (jwksUri === null) {
    throw fault("encryptionJwk", "Give the public key of the service, or the address of its JWKS.");
  }
  return { encryptionKey: null, jwksUri };
}

const fault = (field: string, message: string): LatchkeyError =>
  new LatchkeyError("invalid_request", { fields: { [field]: message } });
