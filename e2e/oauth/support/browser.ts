import type { TokenEndpointResponse } from "oauth4webapi";
import { cookieHeader } from "../../attacks/support/cookies";
import type { Answer } from "../../attacks/support/http";
import { type PageForm, readForm, submitForm } from "../../attacks/support/page-forms";
import type { Person, Target } from "../../attacks/support/target";
import { type Attempt, begin, type Client, redeem } from "./client";
import type { Scene } from "./scene";

/** A person's browser, without JavaScript and without a window. */
export const visit = ({ send }: Target, person: Person, { pathname, search }: URL): Promise<Answer> =>
  send({ path: pathname + search, headers: { cookie: cookieHeader(person) } });

export function locationOf({ origin }: Target, { headers, status, text }: Answer): URL {
  if (headers.location === undefined) throw new Error(`No redirect: ${status} ${text.slice(0, 400)}`);
  return new URL(headers.location, origin);
}

/** Opens that address and says yes where the person is asked. Returns where the client gets them back. */
export async function letIn(target: Target, person: Person, address: URL): Promise<URL> {
  const location = locationOf(target, await visit(target, person, address));
  return location.pathname === "/oauth/consent" ? answerConsent(target, person, location, "allow") : location;
}

export async function answerConsent(
  target: Target,
  person: Person,
  page: URL,
  answer: "allow" | "deny",
): Promise<URL> {
  const headers = { cookie: cookieHeader(person) };
  const form = await readForm(target, page.pathname + page.search, headers);
  return wayOut(await submitForm(target, form, pressed(form, answer), headers));
}

export function pressed({ buttons }: PageForm, answer: "allow" | "deny"): Record<string, string> {
  const button = buttons.find(
    ([, value]) => value.startsWith(answer) || value.startsWith(answer.replace("y", "i")),
  );
  if (button === undefined) throw new Error(`No button to ${answer} among ${JSON.stringify(buttons)}`);
  return Object.fromEntries([button]);
}

const WAY_OUT = /<meta http-equiv="refresh" content="\d+;\s*url=([^"]+)"/i;

/** Where a page that leaves by itself leads. */
export function wayOut({ text, status }: Answer): URL {
  const address = WAY_OUT.exec(text)?.[1];
  if (address === undefined) throw new Error(`The page leads nowhere: ${status} ${text.slice(0, 400)}`);
  return new URL(address.replaceAll("&amp;", "&").replaceAll("&#x27;", "'"));
}

/** The whole way: the person lets the client in, and it has its tokens. */
export async function signInThrough(
  scene: Scene,
  client: Client,
  person: Person,
  parameters: Parameters<typeof begin>[2] = {},
  options: Parameters<typeof redeem>[4] = {},
): Promise<TokenEndpointResponse> {
  const { attempt, callback } = await obtainCode(scene, client, person, parameters);
  return redeem(scene, client, attempt, callback, options);
}

export interface Obtained {
  attempt: Attempt;
  callback: URL;
  code: string;
}

export async function obtainCode(
  scene: Scene,
  client: Client,
  person: Person,
  parameters: Parameters<typeof begin>[2] = {},
): Promise<Obtained> {
  const attempt = await begin(scene, client, parameters);
  const callback = await letIn(scene, person, attempt.address);
  return { attempt, callback, code: callback.searchParams.get("code") ?? "" };
}
