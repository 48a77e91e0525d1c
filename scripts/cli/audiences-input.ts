import type { z } from "zod";
import {
  type AudienceChangeInput,
  audienceChangeSchema,
  identifierSchema,
  type NewAudienceInput,
  newAudienceSchema,
} from "../../lib/audiences/audience-input";
import { type CommandArguments, UsageError } from "./command";
import { readJsonFile } from "./json-file";

type Options = CommandArguments["options"];

/** What may be said of an audience when it is added, and later. */
export const CHANGE_OPTIONS = {
  lifetime: { type: "string" },
  scope: { type: "string" },
  "encryption-jwk": { type: "string" },
  "jwks-uri": { type: "string" },
} as const;

export const NEW_OPTIONS = {
  profile: { type: "string" },
  algorithm: { type: "string" },
  ...CHANGE_OPTIONS,
} as const;

/** Throws `UsageError` for what is not one. */
export function readIdentifier(text: string | undefined): string {
  const parsed = identifierSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new UsageError(`"${text}" is no identifier. ${parsed.error.issues[0]?.message}`);
}

/** Throws `UsageError` for an option that is wrong, `PlainError` for a file that is not there. */
export const readNewAudience = (identifier: string, options: Options): NewAudienceInput =>
  read(newAudienceSchema, {
    identifier,
    profile: options.profile,
    algorithm: options.algorithm,
    ...changing(options),
  });

/** The same; at least one option has to be there. */
export function readChange(options: Options): AudienceChangeInput {
  const input = changing(options);
  if (Object.values(input).every((value) => value === undefined)) {
    throw new UsageError(`Say what to change: --${Object.keys(CHANGE_OPTIONS).join(", --")}.`);
  }
  return read(audienceChangeSchema, input);
}

const changing = (options: Options) => ({
  lifetimeSeconds: options.lifetime === undefined ? undefined : Number(options.lifetime),
  scope: options.scope,
  encryptionJwk: readJsonFile(options["encryption-jwk"]),
  jwksUri: options["jwks-uri"],
});

const OPTION_OF: Readonly<Record<string, string>> = {
  profile: "--profile",
  algorithm: "--algorithm",
  lifetimeSeconds: "--lifetime",
  scope: "--scope",
  encryptionJwk: "--encryption-jwk",
  jwksUri: "--jwks-uri",
};

function read<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UsageError(`${OPTION_OF[String(issue?.path[0])] ?? "IDENTIFIER"}: ${issue?.message}`);
}
