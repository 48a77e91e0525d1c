import type { z } from "zod";
import { DEVICE_CODE } from "../../lib/oauth/client";
import {
  type ClientChangeInput,
  clientChangeSchema,
  type NewClientInput,
  newClientSchema,
} from "../../lib/oauth/client-input";
import { type CommandArguments, UsageError } from "./command";
import { readJsonFile } from "./json-file";

type Options = CommandArguments["options"];
type Option = Options[string];

/** Which field of a client each option says something of. */
const OPTION_OF = {
  name: "name",
  grantTypes: "grant-types",
  redirectUris: "redirect-uris",
  postLogoutRedirectUris: "post-logout-redirect-uris",
  origins: "origins",
  scope: "scope",
  audiences: "audiences",
  algorithm: "algorithm",
  requiresDpop: "requires-dpop",
  requiresPushedRequests: "requires-pushed-requests",
  backchannelLogoutUri: "backchannel-logout-uri",
  jwks: "jwks",
  jwksUri: "jwks-uri",
} as const satisfies Record<keyof ClientChangeInput, string>;

type ChangeOption = (typeof OPTION_OF)[keyof typeof OPTION_OF];

/** What may be said of a client when it is added, and later. */
export const CHANGE_OPTIONS = Object.fromEntries(
  Object.values(OPTION_OF).map((option) => [option, { type: "string" }]),
) as Record<ChangeOption, { type: "string" }>;

const { name: _, ...SETTINGS } = CHANGE_OPTIONS;

export const NEW_OPTIONS = { "auth-method": { type: "string" }, ...SETTINGS } as const;

/** Throws `UsageError` for an option that is wrong, `PlainError` for a file that is not there. */
export const readNewClient = (name: string, options: Options): NewClientInput =>
  read(newClientSchema, { ...settings(options), name, authMethod: options["auth-method"] }, "NAME");

/** The same; at least one option has to be there. */
export function readChange(options: Options): ClientChangeInput {
  const input = settings(options);
  if (Object.keys(input).length > 0) return read(clientChangeSchema, input, "--name");
  throw new UsageError(`Say what to change: --${Object.values(OPTION_OF).join(", --")}.`);
}

/** What is said, and nothing of what is not. */
function settings(options: Options): Record<string, unknown> {
  const said = {
    name: options.name,
    grantTypes: readList(options["grant-types"])?.map(grantTypeOf),
    redirectUris: readList(options["redirect-uris"]),
    postLogoutRedirectUris: readList(options["post-logout-redirect-uris"]),
    origins: readList(options.origins),
    scope: options.scope,
    audiences: readList(options.audiences),
    algorithm: options.algorithm,
    requiresDpop: readYesOrNo(options["requires-dpop"]),
    requiresPushedRequests: readYesOrNo(options["requires-pushed-requests"]),
    backchannelLogoutUri: readAddress(options["backchannel-logout-uri"]),
    jwks: readJsonFile(options.jwks),
    jwksUri: readAddress(options["jwks-uri"]),
  } satisfies Record<keyof ClientChangeInput, unknown>;
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

/** No entry of a list has a space in it. */
const readList = (option: Option): string[] | undefined =>
  typeof option === "string" ? option.split(/\s+/).filter((entry) => entry !== "") : undefined;

const grantTypeOf = (name: string): string => (name === "device_code" ? DEVICE_CODE : name);

const ANSWERS = new Map<Option, boolean>([
  ["yes", true],
  ["no", false],
]);

/** What is neither is left to the schema to refuse. */
const readYesOrNo = (option: Option): Option => ANSWERS.get(option) ?? option;

/** An empty one takes away what is there. */
const readAddress = (option: Option): Option | null => (option === "" ? null : option);

function read<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  nameIs: "NAME" | "--name",
): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = String(issue?.path[0]) as "authMethod" | keyof typeof OPTION_OF;
  const option = field === "authMethod" ? "--auth-method" : `--${OPTION_OF[field]}`;
  throw new UsageError(`${field === "name" ? nameIs : option}: ${issue?.message}`);
}
