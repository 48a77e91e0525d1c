import { clientView } from "../../app/_http/views";
import { COMMAND_LINE } from "../../lib/audit/actor";
import { hasCode } from "../../lib/errors/latchkey-error";
import type { Client } from "../../lib/oauth/client";
import {
  addClientSecret,
  changeClient,
  createClient,
  endPreviousSecret,
  removeClient,
  revokeClient,
} from "../../lib/oauth/manage-clients";
import { PlainError } from "../plain-error";
import { CHANGE_OPTIONS, NEW_OPTIONS, readChange, readNewClient } from "./clients-input";
import { type Command, table } from "./command";
import { eachPage } from "./each-page";
import { requireSameSettings } from "./settings-fault";
import { textOf } from "./users";

export const clientsList: Command = {
  parameters: "",
  summary: "lists the programs that may ask for tokens over OAuth",
  positionals: 0,
  options: {},
  run: async ({ stores }) => {
    const clients = await eachPage((page) => stores.clients.list(page));
    return { data: { clients: clients.map(clientView) }, lines: table([HEADINGS, ...clients.map(toRow)]) };
  },
};

const HEADINGS = ["ID", "NAME", "METHOD", "GRANT TYPES", "SCOPE"];

const toRow = ({ id, name, authMethod, grantTypes, scope }: Client): string[] => [
  id,
  name,
  authMethod,
  grantTypes.map(shortName).join(" "),
  scope === "" ? "-" : scope,
];

const shortName = (grantType: string): string => grantType.replace(/^.*:/, "");

const CHANGES = [
  '[--grant-types "authorization_code client_credentials device_code"]',
  '[--redirect-uris "URI …"]',
  '[--post-logout-redirect-uris "URI …"]',
  '[--origins "ORIGIN …"]',
  "[--scope TEXT]",
  '[--audiences "IDENTIFIER …"]',
  "[--algorithm ES256|RS256|EdDSA]",
  "[--requires-dpop yes|no]",
  "[--requires-pushed-requests yes|no]",
  "[--backchannel-logout-uri URL]",
  "[--jwks FILE | --jwks-uri URL]",
].join(" ");

export const clientsAdd: Command = {
  parameters: `NAME --auth-method none|client_secret|private_key_jwt ${CHANGES}`,
  summary: "adds a program that asks for tokens, and prints its secret, if it has one, this once",
  positionals: 1,
  options: NEW_OPTIONS,
  run: async (latchkey, { positionals, options }) => {
    const input = readNewClient(positionals[0] ?? "", options);
    await requireSameSettings(latchkey);
    const { client, secret } = await createClient(latchkey.oauth, input, COMMAND_LINE);
    const lines = secret === null ? [] : secretLines(client.id, secret);
    return {
      data: { client: clientView(client), secret },
      lines: [`${client.name} is added. Its client_id is ${client.id}.`, ...lines],
    };
  },
};

export const clientsChange: Command = {
  parameters: `ID [--name NAME] ${CHANGES}`,
  summary: "changes what a program may ask for from now on; an empty list, scope or address takes it away",
  positionals: 1,
  options: CHANGE_OPTIONS,
  run: async (latchkey, { positionals: [id = ""], options }) => {
    const change = readChange(options);
    await requireSameSettings(latchkey);
    const client = await orNone(id, changeClient(latchkey.oauth, id, change, COMMAND_LINE));
    return { data: { client: clientView(client) }, lines: [`${client.name} is changed.`] };
  },
};

export const clientsRemove: Command = {
  parameters: "ID",
  summary: "removes a program, and refuses at once what it holds",
  positionals: 1,
  options: {},
  run: async (latchkey, { positionals: [id = ""] }) => {
    await requireSameSettings(latchkey);
    await orNone(id, removeClient(latchkey.oauth, id, COMMAND_LINE));
    return { data: { id }, lines: [`${id} is removed, and what it held is refused.`] };
  },
};

export const clientsAddSecret: Command = {
  parameters: "ID",
  summary: "prints a new secret, this once; the former one works until it is ended or the next is made",
  positionals: 1,
  options: {},
  run: async ({ oauth }, { positionals: [id = ""] }) => {
    const none = `There is no client ${id} with a secret.`;
    const secret = await orRefused(addClientSecret(oauth, id, COMMAND_LINE), none);
    return { data: { id, secret }, lines: secretLines(id, secret) };
  },
};

export const clientsEndPreviousSecret: Command = {
  parameters: "ID",
  summary: "accepts the newest secret of a program alone from now on",
  positionals: 1,
  options: {},
  run: async ({ oauth }, { positionals: [id = ""] }) => {
    const none = `There is no client ${id} with a former secret.`;
    await orRefused(endPreviousSecret(oauth, id, COMMAND_LINE), none);
    return { data: { id }, lines: [`The newest secret of ${id} alone works now.`] };
  },
};

export const clientsRevoke: Command = {
  parameters: "ID [--reason TEXT]",
  summary: "refuses at once all that a program holds; it may ask for more",
  positionals: 1,
  options: { reason: { type: "string" } },
  run: async ({ oauth }, { positionals: [id = ""], options }) => {
    const revoked = await orNone(id, revokeClient(oauth, id, textOf(options.reason), COMMAND_LINE));
    const ended = `${revoked} ${revoked === 1 ? "grant" : "grants"} ended`;
    return { data: { id, revoked }, lines: [`${ended}, and its own tokens are refused.`] };
  },
};

const secretLines = (id: string, secret: string): string[] => [`Secret of ${id}, not shown again:`, secret];

const orNone = <Result>(id: string, work: Promise<Result>): Promise<Result> =>
  orRefused(work, `There is no client ${id}; \`clients list\` shows those that there are.`);

async function orRefused<Result>(work: Promise<Result>, message: string): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    throw hasCode(error, "not_found") ? new PlainError(message) : error;
  }
}
