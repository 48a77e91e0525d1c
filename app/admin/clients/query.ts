import { z } from "zod";
import { confirmAndReturnTo } from "@/app/_http/confirm-identity";
import { pageParams } from "@/app/_http/page-params";
import { addressOf } from "@/app/_http/search-params";
import { isCanonicalTarget } from "@/lib/policy/request-target";
import { safeReturnTo } from "@/lib/policy/return-to";
import { publicKeysText } from "./keys-text";

export const PATH = "/admin/clients";
const VIEW_PATH = `${PATH}/view`;

/** What was typed before a detour to a fresh sign-in; null: nothing was. */
const typed = z.string().nullable().catch(null);

const changing = {
  name: typed,
  redirectUris: typed,
  scope: typed,
  audiences: typed,
  grantTypes: typed,
  jwks: typed,
  jwksUri: typed,
  postLogoutRedirectUris: typed,
  backchannelLogoutUri: typed,
  origins: typed,
  algorithm: typed,
  requiresDpop: typed,
  requiresPushedRequests: typed,
};

/** What a form held before a detour. */
export type Typed = { [Name in keyof typeof changing]: string | null };

export const clientsQuery = z.object({ ...pageParams, kind: typed, ...changing });

export const clientIdSchema = z
  .string()
  .regex(/^client_[A-Za-z0-9_-]{22}$/, "This is not the id of a client.");

export const viewQuery = z.object({
  ...pageParams,
  id: clientIdSchema,
  ...changing,
  /** What the fields had shown before it was typed. */
  was: typed,
  /** Why everything was to be taken back. */
  reason: typed,
});

/** The address at which the form for a new client holds what was typed. */
export const addressWith = (values: Record<string, string>): string =>
  fitting(PATH, {}, Object.fromEntries(Object.entries(values).filter(([, value]) => value !== "")));

/** Where a client is shown, holding what was typed there. */
export const viewOf = (id: string, values: Record<string, string> = {}): string =>
  fitting(VIEW_PATH, { id }, values);

type Query = Record<string, string | null>;

/** With as many of the values as an address may hold to which one is sent back: the long ones are left out first. */
function fitting(path: string, named: Query, values: Record<string, string>): string {
  const held: Query = values.jwks === undefined ? values : { ...values, jwks: publicKeysText(values.jwks) };
  const shortFirst = Object.entries(held).sort(([, one], [, other]) => length(one) - length(other));
  const query = { ...named };
  for (const [name, value] of shortFirst) {
    if (isReturnable(addressOf(path, { ...query, [name]: value }))) query[name] = value;
  }
  return addressOf(path, query);
}

const length = (value: string | null): number => value?.length ?? 0;

/** Within the address of the detour it is escaped a second time. */
function isReturnable(address: string): boolean {
  const { href } = confirmAndReturnTo(address).reauthentication_required.link;
  return safeReturnTo(address) === address && isCanonicalTarget(href);
}
