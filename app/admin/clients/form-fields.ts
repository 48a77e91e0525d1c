import { z } from "zod";
import { reasonSchema } from "@/app/_http/reason";
import { sessionIdSchema } from "@/app/_http/revoke-sessions";
import { CLIENT_KINDS } from "./client-kinds";
import { readKeys } from "./keys-text";
import { clientIdSchema } from "./query";

// What the forms of these pages send is text: "" where nothing was typed. It becomes what the API would be sent.

const typed = z.string().trim();

const textOrNull = typed.transform((text) => (text === "" ? null : text));

/** One value a line. */
const lines = z.string().transform((text) =>
  text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== ""),
);

/** Words, whatever stands between them. */
const words = typed.transform((text) => text.replace(/\s+/g, " "));

const keys = typed.transform((text, context) => {
  if (text === "") return null;
  const read = readKeys(text);
  if (read !== undefined) return read;
  context.addIssue({ code: "custom", message: "This is not JSON. Give public keys as a JWK Set." });
  return z.NEVER;
});

/** Ticked or not. */
const tick = z
  .string()
  .optional()
  .transform((value) => value !== undefined);

const mainSettings = { name: typed, redirectUris: lines, audiences: lines, scope: words };

const keySettings = { jwks: keys, jwksUri: textOrNull };

const advancedSettings = {
  grantTypes: z.array(z.string()),
  postLogoutRedirectUris: lines,
  backchannelLogoutUri: textOrNull,
  origins: lines,
  algorithm: typed.transform((text) => text || undefined),
  requiresDpop: tick,
  requiresPushedRequests: tick,
};

const settings = { ...mainSettings, ...keySettings, ...advancedSettings };

export const newClientForm = z.object({
  kind: z.enum(CLIENT_KINDS, "Choose what it is."),
  ...settings,
});

const namesOf = <Fields extends object>(fields: Fields) => Object.keys(fields) as (keyof Fields)[];

export const KEY_FIELDS = namesOf(keySettings);
export const ADVANCED_FIELDS = namesOf(advancedSettings);
export const CHANGED_FIELDS = namesOf(settings);
export const NEW_FIELDS = ["kind", ...CHANGED_FIELDS] as const;

const id = clientIdSchema;

/** Of a client that shows no keys, and of one that is public, some are not there. */
export const clientChangeForm = z.object({
  id,
  was: z.string().optional(),
  ...settings,
  jwks: keySettings.jwks.optional(),
  jwksUri: keySettings.jwksUri.optional(),
  origins: lines.optional(),
});

/** A button that needs to know no more than whose it is. */
export const idForm = z.object({ id });

export const takeBackForm = z.object({ id, reason: reasonSchema });

export const grantForm = z.object({ id, sessionId: sessionIdSchema, reason: reasonSchema });
