import { COMMAND_LINE } from "../../lib/audit/actor";
import { changeUser } from "../../lib/identity/change-user";
import { createAdministrator, inviteUser } from "../../lib/identity/create-user";
import { credentialsSchema } from "../../lib/identity/credentials-input";
import { emailSchema } from "../../lib/identity/email";
import { createPasswordLink, type IssuedLink } from "../../lib/identity/one-time-links";
import type { User } from "../../lib/identity/user-store";
import type { Services } from "../../lib/services";
import { toSessionUser } from "../../lib/sessions/session";
import { PlainError } from "../plain-error";
import { type Command, type CommandArguments, type CommandResult, table, UsageError } from "./command";
import { eachPage } from "./each-page";

export const adminCreate: Command = {
  parameters: "EMAIL [--password-stdin]",
  summary: "creates an administrator and prints the link with which they choose a password",
  positionals: 1,
  options: { "password-stdin": { type: "boolean" } },
  run: async ({ identity }, { positionals, options }) => {
    const email = readEmail(positionals[0]);
    if (!options["password-stdin"]) {
      const { user, link } = await inviteUser(identity, { email, role: "admin", name: null }, COMMAND_LINE);
      return linkResult(user, link);
    }
    const password = (await readStandardInput()).replace(/\r?\n$/, "");
    const user = await createAdministrator(
      identity,
      credentialsSchema.parse({ email, password }),
      COMMAND_LINE,
    );
    return { data: toSessionUser(user), lines: [`${user.email} is an administrator.`] };
  },
};

export const usersList: Command = {
  parameters: "[--search TEXT]",
  summary: "lists people",
  positionals: 0,
  options: { search: { type: "string" } },
  run: async ({ stores }, { options }) => {
    const users = await eachPage((page) => stores.users.list({ query: textOf(options.search) }, page));
    const rows = users.map(({ email, role, status, createdAt, id }) => [
      email,
      role,
      status,
      createdAt.toISOString(),
      id,
    ]);
    return {
      data: users.map(toSessionUser),
      lines: table([["EMAIL", "ROLE", "STATUS", "CREATED", "ID"], ...rows]),
    };
  },
};

const setStatus = (status: User["status"], summary: string): Command => ({
  parameters: "EMAIL",
  summary,
  positionals: 1,
  options: {},
  run: async (latchkey, given) => {
    const user = await requireUser(latchkey, given);
    const changed = await changeUser(latchkey.identity, user.id, { status }, COMMAND_LINE);
    return { data: toSessionUser(changed), lines: [`${changed.email} is ${changed.status}.`] };
  },
});

export const usersDisable = setStatus("disabled", "disables an account and ends its sessions");
export const usersEnable = setStatus("active", "enables an account again");

export const usersLink: Command = {
  parameters: "EMAIL",
  summary: "prints a link with which the person chooses a new password (once, within an hour)",
  positionals: 1,
  options: {},
  run: async (latchkey, given) => {
    const user = await requireUser(latchkey, given);
    return linkResult(user, await createPasswordLink(latchkey.identity, user.id, COMMAND_LINE));
  },
};

function linkResult(user: User, link: IssuedLink): CommandResult {
  const lines = [
    `${user.email} chooses a password here, once, until ${link.expiresAt.toISOString()}:`,
    link.url,
  ];
  return { data: { user: toSessionUser(user), link }, lines };
}

function readEmail(text: string | undefined): string {
  const parsed = emailSchema.safeParse(text);
  if (!parsed.success) throw new UsageError(`"${text}" is not an e-mail address.`);
  return parsed.data;
}

export async function requireUser({ stores }: Services, { positionals }: CommandArguments): Promise<User> {
  const email = readEmail(positionals[0]);
  const user = await stores.users.findByEmail(email);
  if (user === null) throw new PlainError(`Nobody has the address ${email}.`);
  return user;
}

export const textOf = (option: string | boolean | undefined): string | null =>
  typeof option === "string" && option !== "" ? option : null;

async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
