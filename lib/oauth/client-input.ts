import { z } from "zod";
import { identifierSchema } from "@/lib/audiences/audience-input";
import { randomId } from "@/lib/crypto/random";
import { hasCode, LatchkeyError } from "@/lib/errors/latchkey-error";
import { isFetchRefused } from "@/lib/outbound/fetch-refused-error";
import { parseOutboundUrl } from "@/lib/outbound/outbound-url";
import { MAX_SCOPE_CHARACTERS } from "@/lib/tokens/claims";
import { AUTH_METHODS, type Client, type ClientChange, GRANT_TYPES, type GrantType, OPENID } from "./client";
import { parseClientJwks } from "./client-jwks";
import { asksForPersons, requireFitting } from "./client-rules";
import { originProblem, redirectUriProblem } from "./redirect-uri";
import { parseScope } from "./scope";

const CLIENT_ID_PREFIX = "client_";
const MAX_NAME_CHARACTERS = 80;
const MAX_ENTRIES = 20;
const MAX_ADDRESS_CHARACTERS = 2_000;

export const SIGNING_ALGORITHMS = ["ES256", "RS256", "EdDSA"] as const satisfies Client["algorithm"][];

/** Control and invisible characters, line ends and bidirectional overrides make one name look like another. */
const PLAIN = /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u;
/** What is invisible and yet spelling: within an emoji, and within a word of an Arabic script. */
const JOINERS =
  /(?<=\p{Emoji_Modifier}|\p{Extended_Pictographic}|\ufe0f)\u200d(?=\p{Extended_Pictographic})|(?<=\p{Script=Arabic})\u200c(?=\p{Script=Arabic})/gu;
const isPlain = (text: string): boolean => PLAIN.test(text.replaceAll(JOINERS, ""));
const READABLE = /[\p{L}\p{N}\p{P}\p{S}]/u;

const name = z
  .string("Give a name.")
  .trim()
  .max(MAX_NAME_CHARACTERS, `Use at most ${MAX_NAME_CHARACTERS} characters.`)
  .refine(isPlain, "Leave out control and invisible characters.")
  .regex(READABLE, "Give a name.");

/** A fault is told of the list as a whole, with the number of its entry. */
const listOf = <Text extends string>(problemOf: (text: string) => string | null) =>
  z.custom<Text[]>().superRefine((value, context) => {
    const problem = listProblem(value, problemOf);
    if (problem !== null) context.addIssue(problem);
  });

function listProblem(value: unknown, problemOf: (text: string) => string | null): string | null {
  if (!Array.isArray(value) || !value.every((entry) => typeof entry === "string")) return "A list of texts.";
  if (value.length > MAX_ENTRIES) return `Give at most ${MAX_ENTRIES}.`;
  if (new Set(value).size < value.length) return "Give each once.";
  const problems = value.map(problemOf);
  const first = problems.findIndex((problem) => problem !== null);
  return first === -1 ? null : `Entry ${first + 1}: ${problems[first]}`;
}

const isGrantType = (text: string): boolean => GRANT_TYPES.some((type) => type === text);

const grantTypes = listOf<GrantType>((text) =>
  isGrantType(text) ? null : `Choose from ${GRANT_TYPES.join(", ")}.`,
).refine(({ length }) => length > 0, "Give at least one.");

const redirectUris = listOf(redirectUriProblem);
const origins = listOf(originProblem);
const audiences = listOf((text) => identifierSchema.safeParse(text).error?.issues[0]?.message ?? null);

const scope = z
  .string("Words separated by one space.")
  .trim()
  .transform((text, context) => {
    const words = text === "" ? [] : parseScope(text);
    if (words !== null) return words.join(" ");
    context.addIssue(
      `Words separated by one space, each once, at most ${MAX_SCOPE_CHARACTERS} characters in all.`,
    );
    return z.NEVER;
  });

const address = z.string("Give an address.").max(MAX_ADDRESS_CHARACTERS).nullable();
/** What is wrong with it repeats nothing of it: it may be a private key. */
const jwks = z.unknown().transform((value, context) => {
  if (value === undefined || value === null) return value;
  try {
    return parseClientJwks(value);
  } catch (error) {
    if (!hasCode(error, "invalid_request")) throw error;
    context.addIssue(error.fields?.jwks ?? error.message);
    return z.NEVER;
  }
});
const yesOrNo = z.boolean("true or false.");

const changing = {
  name,
  grantTypes,
  redirectUris,
  postLogoutRedirectUris: redirectUris,
  origins,
  scope,
  audiences,
  algorithm: z.enum(SIGNING_ALGORITHMS, `Choose one of ${SIGNING_ALGORITHMS.join(", ")}.`),
  requiresDpop: yesOrNo,
  requiresPushedRequests: yesOrNo,
  backchannelLogoutUri: address,
  jwks,
  jwksUri: address,
};

/** What an administrator says of a new client. */
export const newClientSchema = z.strictObject({
  name,
  authMethod: z.enum(AUTH_METHODS, `Choose one of ${AUTH_METHODS.join(", ")}.`),
  grantTypes: grantTypes.default(["authorization_code"]),
  redirectUris: redirectUris.default([]),
  postLogoutRedirectUris: redirectUris.default([]),
  origins: origins.default([]),
  scope: scope.optional(),
  audiences: audiences.default([]),
  algorithm: changing.algorithm.default("ES256"),
  requiresDpop: yesOrNo.default(false),
  requiresPushedRequests: yesOrNo.default(false),
  backchannelLogoutUri: address.default(null),
  jwks: jwks.optional(),
  jwksUri: address.default(null),
});

/** What may change of a client later. */
export const clientChangeSchema = z.strictObject(changing).partial();

export type NewClientInput = z.output<typeof newClientSchema>;
export type ClientChangeInput = z.output<typeof clientChangeSchema>;

/** A client as it will be kept. Throws `invalid_request` with what does not fit together. */
export function toClient(
  input: NewClientInput,
  privateHosts: readonly string[],
  now: Date,
): Omit<Client, "hasPreviousSecret"> {
  const client = {
    ...input,
    id: `${CLIENT_ID_PREFIX}${randomId()}`,
    scope: input.scope ?? (asksForPersons(input) ? OPENID : ""),
    backchannelLogoutUri: toAddress("backchannelLogoutUri", input.backchannelLogoutUri, privateHosts),
    ...toKeys(input.authMethod, input, privateHosts),
    tokensId: randomId(),
    createdAt: now,
    updatedAt: now,
  };
  requireFitting(client);
  return client;
}

/** The change as it will be kept. Throws `invalid_request` with what does not fit this client. */
export function toChange(
  client: Client,
  input: ClientChangeInput,
  privateHosts: readonly string[],
): ClientChange {
  const { jwks: _, jwksUri: __, backchannelLogoutUri, ...given } = said(input);
  const areKeysGiven = input.jwks !== undefined || input.jwksUri !== undefined;
  const change: ClientChange = {
    ...given,
    ...(backchannelLogoutUri === undefined
      ? {}
      : { backchannelLogoutUri: toAddress("backchannelLogoutUri", backchannelLogoutUri, privateHosts) }),
    ...(areKeysGiven ? toKeys(client.authMethod, input, privateHosts) : {}),
  };
  requireFitting({ ...client, ...change });
  return change;
}

type Said<Terms> = { [Name in keyof Terms]?: Exclude<Terms[Name], undefined> };

const said = <Terms extends object>(terms: Terms): Said<Terms> =>
  Object.fromEntries(Object.entries(terms).filter(([, value]) => value !== undefined)) as Said<Terms>;

/** In the one spelling that a parser of URLs gives it. */
function toAddress(
  field: "backchannelLogoutUri" | "jwksUri",
  text: string | null,
  privateHosts: readonly string[],
): string | null {
  try {
    return text === null ? null : parseOutboundUrl(text, privateHosts).href;
  } catch (error) {
    throw isFetchRefused(error) ? fault(field, error.message) : error;
  }
}

function toKeys(
  authMethod: Client["authMethod"],
  { jwks = null, jwksUri = null }: Pick<ClientChangeInput, "jwks" | "jwksUri">,
  privateHosts: readonly string[],
): Pick<Client, "jwks" | "jwksUri"> {
  if (authMethod !== "private_key_jwt") {
    const given = jwks !== null ? "jwks" : jwksUri !== null ? "jwksUri" : null;
    if (given !== null) throw fault(given, `The method ${authMethod} has no keys.`);
    return { jwks: null, jwksUri: null };
  }
  if (jwks !== null && jwksUri !== null) throw fault("jwksUri", "Give the keys or their address, not both.");
  if (jwks !== null) return { jwks, jwksUri: null };
  if (jwksUri !== null) return { jwks: null, jwksUri: toAddress("jwksUri", jwksUri, privateHosts) };
  throw fault("jwks", "Give the public keys of the client as a JWK Set, or the address of it.");
}

const fault = (field: string, message: string): LatchkeyError =>
  new LatchkeyError("invalid_request", { fields: { [field]: message } });
