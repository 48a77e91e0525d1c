import type { Algorithm } from "@/lib/keys/algorithms";
import type { Listing, Page } from "@/lib/sessions/session-store";
import type { ClientKey } from "./client-jwks";

export const AUTH_METHODS = ["none", "client_secret", "private_key_jwt"] as const;
/** How a client proves that it asks: not at all (public), by a secret, or by a signed assertion (RFC 7523). */
export type AuthMethod = (typeof AUTH_METHODS)[number];

export const DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code";
export const GRANT_TYPES = ["authorization_code", "client_credentials", DEVICE_CODE] as const;
/** What a client may be registered for; `refresh_token` comes with the scope `offline_access`. */
export type GrantType = (typeof GRANT_TYPES)[number];

/** What the words of the standards mean; all others are the services'. */
export const OPENID = "openid";
export const EMAIL = "email";
export const OFFLINE_ACCESS = "offline_access";

/** A program that asks for tokens over OAuth 2. */
export interface Client {
  /** `client_` and 22 characters: never the id of a person. */
  id: string;
  /** As the consent page says it. */
  name: string;
  authMethod: AuthMethod;
  /** Of `private_key_jwt`, one of these: the keys, or where they are published. */
  jwks: { keys: ClientKey[] } | null;
  jwksUri: string | null;
  grantTypes: readonly GrantType[];
  redirectUris: readonly string[];
  postLogoutRedirectUris: readonly string[];
  /** The pages elsewhere whose scripts may call us (CORS). */
  origins: readonly string[];
  /** All that it may ask for, separated by spaces. */
  scope: string;
  /** The services that it may ask for tokens for; the first is the default. None: tokens for Latchkey's userinfo. */
  audiences: readonly string[];
  /** Of the key that signs its ID tokens, its logout tokens and what it gets for Latchkey itself. */
  algorithm: Extract<Algorithm, "ES256" | "RS256" | "EdDSA">;
  requiresDpop: boolean;
  requiresPushedRequests: boolean;
  backchannelLogoutUri: string | null;
  /** The `sid` of the tokens that it gets for itself: another one when they are taken back. */
  tokensId: string;
  /** Whether two secrets are accepted now. */
  hasPreviousSecret: boolean;
  createdAt: Date;
  updatedAt: Date;
}

/** What may change of a client later; how it authenticates is for life. */
export type ClientChange = Partial<
  Pick<
    Client,
    | "name"
    | "jwks"
    | "jwksUri"
    | "grantTypes"
    | "redirectUris"
    | "postLogoutRedirectUris"
    | "origins"
    | "scope"
    | "audiences"
    | "algorithm"
    | "requiresDpop"
    | "requiresPushedRequests"
    | "backchannelLogoutUri"
  >
>;

export interface ClientStore {
  find(id: string): Promise<Client | null>;
  /** Whether there is one, which then stays until the transaction is over. */
  hold(id: string): Promise<boolean>;
  /** Those that there are of these. */
  findAll(ids: readonly string[]): Promise<Client[]>;
  /** The newest first. */
  list(page: Page): Promise<Listing<Client>>;
  insert(
    client: Omit<Client, "hasPreviousSecret">,
    secretHash: Uint8Array<ArrayBuffer> | null,
  ): Promise<void>;
  /** Null when there is none, or none that was last changed at `seenAt`, where that is given. */
  change(id: string, change: ClientChange, now: Date, seenAt?: Date): Promise<Client | null>;
  /** With its consents, codes and grants. False when there was none. */
  remove(id: string): Promise<boolean>;
  /** Deletes grants that have ended, some at a time: false once there are none left. */
  clearOut(id: string): Promise<boolean>;
  /** Whether one of the client's last two secrets has this SHA-256, compared in constant time. */
  hasSecret(id: string, hash: Uint8Array<ArrayBuffer>): Promise<boolean>;
  /** The former secret still works, the one before it no longer. False when there is no such client with secrets. */
  addSecret(id: string, hash: Uint8Array<ArrayBuffer>, now: Date): Promise<boolean>;
  /** The newest secret alone works from now on. False when there was no other. */
  endPreviousSecret(id: string, now: Date): Promise<boolean>;
  /** Gives the client's own tokens another `sid`, and returns the former one. Null when there is no such client. */
  replaceTokensId(id: string, tokensId: string, now: Date): Promise<string | null>;
  /** Whether some client names this origin. */
  isOrigin(origin: string): Promise<boolean>;
}

export const isPublic = ({ authMethod }: Pick<Client, "authMethod">): boolean => authMethod === "none";
