import {
  type AuthMethod,
  type Client,
  DEVICE_CODE,
  EMAIL,
  type GrantType,
  OFFLINE_ACCESS,
  OPENID,
} from "@/lib/oauth/client";

export const CLIENT_KINDS = ["web", "app", "service"] as const;
/** Where a new client starts from: what it is says most of how it has to be set up. */
export type ClientKind = (typeof CLIENT_KINDS)[number];

interface KindFacts {
  label: string;
  description: string;
  grantTypes: readonly GrantType[];
  /** What it may be for besides, where it is asked for. */
  moreGrantTypes: readonly GrantType[];
  /** Nobody but its operator can read what it keeps. */
  isConfidential: boolean;
  /** What it may ask for where nothing is said of it. */
  scope: string;
}

const SIGN_IN_SCOPE = [OPENID, EMAIL, OFFLINE_ACCESS].join(" ");

export const KIND_FACTS: Record<ClientKind, KindFacts> = {
  web: {
    label: "Web application (server)",
    description: "Signs people in, and keeps a secret or a key on its server.",
    grantTypes: ["authorization_code"],
    moreGrantTypes: [DEVICE_CODE, "client_credentials"],
    isConfidential: true,
    scope: SIGN_IN_SCOPE,
  },
  app: {
    label: "App on a device or in the browser",
    description: "Signs people in. It has no secret: whoever has the app could read it.",
    grantTypes: ["authorization_code"],
    moreGrantTypes: [DEVICE_CODE],
    isConfidential: false,
    scope: SIGN_IN_SCOPE,
  },
  service: {
    label: "Service",
    description: "Gets tokens of its own, with no person there.",
    grantTypes: ["client_credentials"],
    moreGrantTypes: [],
    isConfidential: true,
    scope: "",
  },
};

/** What is asked about a client, whatever it is. */
export type ClientSettings = Pick<
  Client,
  | "name"
  | "jwksUri"
  | "redirectUris"
  | "postLogoutRedirectUris"
  | "origins"
  | "scope"
  | "audiences"
  | "requiresDpop"
  | "requiresPushedRequests"
  | "backchannelLogoutUri"
> & { jwks: unknown; grantTypes: readonly string[]; algorithm: string | undefined };

/** The new client of this kind. What its kind does not ask for was out of sight, and is left out. */
export function toNewClient(kind: ClientKind, settings: ClientSettings) {
  const { isConfidential, scope } = KIND_FACTS[kind];
  const keys = isConfidential ? { jwks: settings.jwks, jwksUri: settings.jwksUri } : NO_KEYS;
  return {
    ...settings,
    ...keys,
    ...(kind === "service" ? NO_PAGES : {}),
    ...(kind === "app" ? {} : { origins: [] }),
    authMethod: authMethodOf(isConfidential, keys),
    grantTypes: grantTypesOf(kind, settings),
    scope: settings.scope || scope,
  };
}

const NO_KEYS = { jwks: null, jwksUri: null };
const NO_PAGES = {
  redirectUris: [],
  postLogoutRedirectUris: [],
  backchannelLogoutUri: null,
  requiresPushedRequests: false,
};

function authMethodOf(isConfidential: boolean, keys: Pick<ClientSettings, "jwks" | "jwksUri">): AuthMethod {
  if (!isConfidential) return "none";
  return keys.jwks === null && keys.jwksUri === null ? "client_secret" : "private_key_jwt";
}

/** A program without a browser has nowhere to be sent back to: it signs in by the code that it shows. */
function grantTypesOf(kind: ClientKind, { grantTypes, redirectUris }: ClientSettings): GrantType[] {
  const facts = KIND_FACTS[kind];
  const more = facts.moreGrantTypes.filter((name) => grantTypes.includes(name));
  const isShowingCodes = more.includes(DEVICE_CODE) && redirectUris.length === 0;
  return [...facts.grantTypes.filter((name) => !isShowingCodes || name !== "authorization_code"), ...more];
}
