import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { type Client, type ClientChange, DEVICE_CODE, EMAIL, OFFLINE_ACCESS, OPENID } from "./client";
import { wordsOf } from "./scope";

/** What an administrator decides of a client. */
type Terms = Pick<Client, "authMethod" | keyof ClientChange>;

interface Rule {
  /** Which of the terms is at fault. */
  field: keyof Terms;
  message: string;
  isBroken(terms: Terms): boolean;
}

/** Whether a client gets tokens for people, not for itself alone. */
export const asksForPersons = ({ grantTypes }: Pick<Client, "grantTypes">): boolean =>
  grantTypes.includes("authorization_code") || grantTypes.includes(DEVICE_CODE);

const asksForItself = ({ grantTypes }: Terms): boolean => grantTypes.includes("client_credentials");
const isRedirected = ({ grantTypes }: Terms): boolean => grantTypes.includes("authorization_code");

const ABOUT_PEOPLE = [OPENID, EMAIL, OFFLINE_ACCESS];

const RULES: readonly Rule[] = [
  {
    field: "redirectUris",
    message: "Give at least one address: authorization_code sends people back to one.",
    isBroken: (terms) => isRedirected(terms) && terms.redirectUris.length === 0,
  },
  {
    field: "redirectUris",
    message: "Leave these out: without authorization_code nobody is sent there.",
    isBroken: (terms) => !isRedirected(terms) && terms.redirectUris.length > 0,
  },
  {
    field: "grantTypes",
    message: "client_credentials needs a secret or keys: a public client cannot prove that it asks.",
    isBroken: (terms) => asksForItself(terms) && terms.authMethod === "none",
  },
  {
    field: "audiences",
    message: "Give at least one service: what a client gets by client_credentials is for services.",
    isBroken: (terms) => asksForItself(terms) && terms.audiences.length === 0,
  },
  {
    field: "requiresPushedRequests",
    message: "Leave this out, or the origins: no script in a browser can send requests ahead.",
    isBroken: (terms) =>
      terms.requiresPushedRequests && terms.authMethod === "none" && terms.origins.length > 0,
  },
  {
    field: "scope",
    message: `Leave out ${ABOUT_PEOPLE.join(", ")}: no person is asked for by this client.`,
    isBroken: (terms) =>
      !asksForPersons(terms) && wordsOf(terms.scope).some((word) => ABOUT_PEOPLE.includes(word)),
  },
  {
    field: "scope",
    message: `${EMAIL} needs ${OPENID}.`,
    isBroken: (terms) => wordsOf(terms.scope).includes(EMAIL) && !wordsOf(terms.scope).includes(OPENID),
  },
];

/** Throws `invalid_request` with what does not fit together, a message a field. */
export function requireFitting(terms: Terms): void {
  const fields: Record<string, string> = {};
  for (const { field, message, isBroken } of RULES) if (isBroken(terms)) fields[field] ??= message;
  if (Object.keys(fields).length > 0) throw new LatchkeyError("invalid_request", { fields });
}
