import { type Client, GRANT_TYPES, isPublic } from "@/lib/oauth/client";
import type { Typed } from "../query";

const ticked = (isTicked: boolean): string => (isTicked ? "yes" : "");

/** What the fields of a client's settings hold: what was typed before a detour, else what holds now. */
export function settingsText(client: Client, typed: Typed): Typed {
  const now = currentText(client);
  const names = Object.keys(now) as (keyof Typed)[];
  return Object.fromEntries(names.map((name) => [name, typed[name] ?? now[name]])) as Typed;
}

/** What holds now, in the fields that this client has. */
export function shownText(client: Client): Partial<Typed> {
  const { jwks, jwksUri, origins, ...always } = currentText(client);
  return {
    ...always,
    ...(client.authMethod === "private_key_jwt" ? { jwks, jwksUri } : {}),
    ...(isPublic(client) ? { origins } : {}),
  };
}

function currentText(client: Client): Typed {
  return {
    name: client.name,
    redirectUris: client.redirectUris.join("\n"),
    scope: client.scope,
    audiences: client.audiences.join("\n"),
    grantTypes: GRANT_TYPES.filter((type) => client.grantTypes.includes(type)).join(" "),
    jwks: client.jwks && JSON.stringify(client.jwks, null, 2),
    jwksUri: client.jwksUri,
    postLogoutRedirectUris: client.postLogoutRedirectUris.join("\n"),
    backchannelLogoutUri: client.backchannelLogoutUri,
    origins: client.origins.join("\n"),
    algorithm: client.algorithm,
    requiresDpop: ticked(client.requiresDpop),
    requiresPushedRequests: ticked(client.requiresPushedRequests),
  };
}
