import { audienceView } from "../../app/_http/views";
import type { Audience } from "../../lib/audiences/audience";
import { audiencesWithWaitingSecret } from "../../lib/audiences/live-secrets";
import {
  activateAudienceSecret,
  addAudienceSecret,
  changeAudience,
  createAudience,
  makeFeedToken,
  removeAudience,
} from "../../lib/audiences/manage-audiences";
import { COMMAND_LINE } from "../../lib/audit/actor";
import { hasCode } from "../../lib/errors/latchkey-error";
import type { Services } from "../../lib/services";
import { PROFILES } from "../../lib/tokens/profiles";
import { PlainError } from "../plain-error";
import { CHANGE_OPTIONS, NEW_OPTIONS, readChange, readIdentifier, readNewAudience } from "./audiences-input";
import { type Command, table } from "./command";
import { eachPage } from "./each-page";
import { requireSameSettings } from "./settings-fault";

export const audiencesList: Command = {
  parameters: "",
  summary: "lists the services that accept Latchkey's tokens",
  positionals: 0,
  options: {},
  run: async ({ stores, keyring }) => {
    const audiences = await eachPage((page) => stores.audiences.list(page));
    await keyring.load();
    const waiting = audiencesWithWaitingSecret(keyring.keys);
    const listed = audiences.map((audience) => ({
      ...audienceView(audience),
      secretWaiting: waiting.has(audience.identifier),
    }));
    return { data: { audiences: listed }, lines: table([HEADINGS, ...listed.map(toRow)]) };
  },
};

const HEADINGS = ["IDENTIFIER", "PROFILE", "ALGORITHM", "LIFETIME", "FEED TOKEN", "SECRET WAITING", "SCOPE"];

type Listed = ReturnType<typeof audienceView> & { secretWaiting: boolean };

const toRow = (audience: Listed): string[] => [
  audience.identifier,
  audience.profile,
  audience.algorithm,
  `${audience.lifetimeSeconds} s`,
  audience.hasFeedToken ? "yes" : "no",
  audience.secretWaiting ? "yes" : "no",
  audience.scope ?? "-",
];

const CHANGES = "[--lifetime SECONDS] [--scope TEXT] [--encryption-jwk FILE | --jwks-uri URL]";

export const audiencesAdd: Command = {
  parameters: `IDENTIFIER --profile mesh|high-security|legacy [--algorithm NAME] ${CHANGES}`,
  summary: "adds a service, and prints its feed token, and the secret of legacy, this once",
  positionals: 1,
  options: NEW_OPTIONS,
  run: async (latchkey, { positionals, options }) => {
    const input = readNewAudience(readIdentifier(positionals[0]), options);
    await requireSameSettings(latchkey);
    const { audience, ...told } = await createAudience(latchkey.audiences, input, COMMAND_LINE);
    const secret = told.secret === null ? [] : secretLines(audience.identifier, told.secret.secret);
    return {
      data: { audience: audienceView(audience), ...told },
      lines: [
        summaryOf(audience, "is added"),
        ...secret,
        ...feedTokenLines(audience.identifier, told.feedToken),
      ],
    };
  },
};

export const audiencesChange: Command = {
  parameters: `IDENTIFIER ${CHANGES}`,
  summary: "changes how the tokens of a service are made from now on; --scope '' takes its scope away",
  positionals: 1,
  options: CHANGE_OPTIONS,
  run: async ({ audiences }, { positionals, options }) => {
    const identifier = readIdentifier(positionals[0]);
    const change = readChange(options);
    const audience = await orNone(identifier, changeAudience(audiences, identifier, change, COMMAND_LINE));
    return { data: { audience: audienceView(audience) }, lines: [summaryOf(audience, "is changed")] };
  },
};

const REMOVED =
  "A service that reads the revocation feed can read it no longer, and refuses everybody once its bound is over " +
  `(${PROFILES.mesh.revocationSeconds} s unless set, high-security ${PROFILES["high-security"].revocationSeconds} s). ` +
  "Any other accepts a token that has been made until it expires.";

export const audiencesRemove: Command = {
  parameters: "IDENTIFIER",
  summary: "makes no more tokens for a service, and erases its secrets",
  positionals: 1,
  options: {},
  run: async (latchkey, { positionals }) => {
    const identifier = readIdentifier(positionals[0]);
    await requireSameSettings(latchkey);
    await orNone(identifier, removeAudience(latchkey.audiences, identifier, COMMAND_LINE));
    return { data: { identifier }, lines: [`${identifier} is removed.`, REMOVED] };
  },
};

export const audiencesFeedToken: Command = {
  parameters: "IDENTIFIER",
  summary: "prints a new token for the revocation feed, this once; the former one works until the next",
  positionals: 1,
  options: {},
  run: async ({ audiences }, { positionals }) => {
    const identifier = readIdentifier(positionals[0]);
    const feedToken = await orNone(identifier, makeFeedToken(audiences, identifier, COMMAND_LINE));
    return { data: { identifier, feedToken }, lines: feedTokenLines(identifier, feedToken) };
  },
};

export const audiencesSecret: Command = {
  parameters: "IDENTIFIER",
  summary: "prints the next secret of a legacy service, this once; it signs when it is activated",
  positionals: 1,
  options: {},
  run: async (latchkey, { positionals }) => {
    const identifier = await readLegacyIdentifier(latchkey, positionals[0]);
    const made = await addAudienceSecret(latchkey.audiences, identifier, COMMAND_LINE);
    const next = made.signs
      ? "It signs now."
      : "Let the service accept it beside the present one, then run `audiences activate-secret`.";
    return { data: { identifier, ...made }, lines: [...secretLines(identifier, made.secret), next] };
  },
};

export const audiencesActivateSecret: Command = {
  parameters: "IDENTIFIER",
  summary: "signs with the secret that waits; the former one is accepted until its tokens have expired",
  positionals: 1,
  options: {},
  run: async (latchkey, { positionals }) => {
    const identifier = await readLegacyIdentifier(latchkey, positionals[0]);
    const { kid } = await orRefused(
      activateAudienceSecret(latchkey.audiences, identifier, COMMAND_LINE),
      `No secret of ${identifier} waits; \`audiences secret\` makes one.`,
    );
    return { data: { identifier, kid }, lines: [`${kid} signs for ${identifier} now.`] };
  },
};

const summaryOf = ({ identifier, profile, algorithm, lifetimeSeconds, scope }: Audience, done: string) =>
  `${identifier} ${done}: ${profile}, ${algorithm}, ${lifetimeSeconds} s, ${scope === null ? "no scope" : `scope ${scope}`}.`;

const secretLines = (identifier: string, secret: string): string[] => [
  `Secret of ${identifier}, not shown again:`,
  secret,
];

const feedTokenLines = (identifier: string, feedToken: string): string[] => [
  `Feed token of ${identifier}, not shown again:`,
  feedToken,
];

/** Of an audience with secrets, which this process can seal as those that serve can open. */
async function readLegacyIdentifier(latchkey: Services, text: string | undefined): Promise<string> {
  const identifier = readIdentifier(text);
  await requireSameSettings(latchkey);
  const audience = await latchkey.stores.audiences.find(identifier);
  if (audience === null) throw unknownAudience(identifier);
  if (audience.profile === "legacy") return identifier;
  throw new PlainError(`${identifier} has no secret of its own: it is of the profile ${audience.profile}.`);
}

const orNone = <Result>(identifier: string, work: Promise<Result>): Promise<Result> =>
  orRefused(work, unknownAudience(identifier).message);

async function orRefused<Result>(work: Promise<Result>, message: string): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    throw hasCode(error, "not_found") ? new PlainError(message) : error;
  }
}

const unknownAudience = (identifier: string): PlainError =>
  new PlainError(`There is no audience ${identifier}; \`audiences list\` shows those that there are.`);
