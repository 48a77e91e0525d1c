import { type AuthMethod, DEVICE_CODE, type GrantType } from "@/lib/oauth/client";

export const AUTH_METHOD_TEXT: Record<AuthMethod, string> = {
  none: "Not at all: it is public",
  client_secret: "By a secret",
  private_key_jwt: "By a signed assertion",
};

/** What a client is for, in few words and in a sentence. */
export const GRANT_TYPE_TEXT: Record<GrantType, { label: string; description: string }> = {
  authorization_code: {
    label: "Signs people in",
    description: "In their browser, with PKCE. It needs an address to send them back to.",
  },
  [DEVICE_CODE]: {
    label: "Signs in by a code",
    description: "For a program without a browser: it shows a code, which is typed in elsewhere.",
  },
  client_credentials: {
    label: "Gets tokens of its own",
    description: "For what it does with no person there.",
  },
};

/** Of a client that may be for several things. */
export const purposeText = (grantTypes: readonly GrantType[]): string =>
  grantTypes.map((name) => GRANT_TYPE_TEXT[name].label).join("; ");
