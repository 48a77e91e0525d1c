import { createHash, randomBytes } from "node:crypto";
import { newAudienceSchema } from "@/lib/audiences/audience-input";
import { createAudience } from "@/lib/audiences/manage-audiences";
import { COMMAND_LINE } from "@/lib/audit/actor";
import { signIn } from "@/lib/identity/sign-in";
import { HOME, openHouse, PASSWORD, type TestHouse } from "@/lib/identity/testing/test-house";
import type { SessionWithUser } from "@/lib/sessions/session";
import type { ServiceClaims } from "@/lib/tokens/claims";
import { readAuthorizationRequest } from "../authorization-request";
import { allow } from "../authorize";
import type { Client } from "../client";
import { newClientSchema } from "../client-input";
import type { TokenResponse } from "../grant";
import { createClient } from "../manage-clients";
import {
  type AuthorizationParameters,
  type Parameters,
  readAuthorizationParameters,
  readParameters,
} from "../parameters";
import { answerTokenRequest } from "../token-endpoint";
import { findTokenClaims } from "../verify-client-token";

export const CALLBACK = "https://app.example/callback";
export const CLI = { ip: "198.51.100.7", userAgent: "cli/1" };

export type RegisteredClient = Client & { secret: string | null };

/** A house with a service, `orders`, and ways to be a person and a client in it. */
export interface OAuthHouse extends TestHouse {
  oauth: TestHouse["services"]["oauth"];
  addClient(terms?: object): Promise<RegisteredClient>;
  /** A person, and the browser session of the sign-in. */
  signedIn(email?: string): Promise<SessionWithUser>;
  session(id: string): Promise<SessionWithUser | null>;
  /** A code as the person's consent has it issued. */
  code(client: Client, browser: SessionWithUser, asked?: Record<string, string>): Promise<IssuedCode>;
  /** Asks at the token endpoint, as the client with its secret. */
  token(client: RegisteredClient, form: Record<string, string>, headers?: Headers): Promise<TokenResponse>;
  /** Of a token that is accepted now, or null. */
  claims(token: string): Promise<ServiceClaims | null>;
}

export interface IssuedCode {
  grant_type: "authorization_code";
  code: string;
  code_verifier: string;
  redirect_uri: string;
}

export const parametersOf = (values: Record<string, string>): Parameters =>
  readParameters(new URLSearchParams(values));

/** Of the authorization endpoint. */
export const askedBy = (values: Record<string, string> | [string, string][]): AuthorizationParameters =>
  readAuthorizationParameters(new URLSearchParams(values));

export async function openOAuthHouse(): Promise<OAuthHouse> {
  const house = await openHouse();
  const { oauth, audiences, stores } = house.services;
  const orders = newAudienceSchema.parse({ identifier: "orders", profile: "mesh" });
  await createAudience(audiences, orders, COMMAND_LINE);
  const session = (id: string) => stores.sessions.find(id);
  return {
    ...house,
    oauth,
    session,
    addClient: async (terms = {}) => {
      const input = newClientSchema.parse({ ...APP, ...terms });
      const { client, secret } = await createClient(oauth, input, COMMAND_LINE);
      return { ...client, secret };
    },
    signedIn: async (email) => {
      const person = await house.addPerson(email === undefined ? {} : { email });
      const input = { email: person.email, password: PASSWORD };
      const credentials = await signIn(house.identity, input, HOME, null);
      const found = await session(credentials.session.id);
      if (found === null) throw new Error("Nobody is signed in.");
      return found;
    },
    code: async (client, browser, asked = {}) => {
      const verifier = randomBytes(32).toString("base64url");
      const parameters = askedBy({ ...authorizationOf(client, verifier), ...asked });
      const request = await readAuthorizationRequest(oauth, parameters);
      const actor = { userId: browser.userId, sessionId: browser.id, client: HOME };
      const to = new URL(await allow(oauth, request, browser, actor));
      const code = to.searchParams.get("code") ?? "";
      return {
        grant_type: "authorization_code",
        code,
        code_verifier: verifier,
        redirect_uri: request.redirectUri,
      };
    },
    token: ({ id, secret }, form, headers = new Headers()) => {
      const identity = { client_id: id, ...(secret === null ? {} : { client_secret: secret }) };
      return answerTokenRequest(oauth, {
        headers,
        parameters: parametersOf({ ...identity, ...form }),
        from: CLI,
      });
    },
    claims: (token) => findTokenClaims(oauth, token),
  };
}

const APP = {
  name: "An app",
  authMethod: "none",
  redirectUris: [CALLBACK, "https://app.example/other"],
  scope: "openid email offline_access orders:read orders:write",
  audiences: ["orders"],
};

/** What a client asks for in the order of its library. */
export const authorizationOf = (client: Pick<Client, "id">, verifier: string): Record<string, string> => ({
  client_id: client.id,
  redirect_uri: CALLBACK,
  response_type: "code",
  scope: "openid email offline_access orders:read",
  state: "of the client",
  nonce: "n-0S6_WzA2Mj",
  code_challenge: createHash("sha256").update(verifier).digest("base64url"),
  code_challenge_method: "S256",
});
