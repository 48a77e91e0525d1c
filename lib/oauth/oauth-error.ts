import { OAUTH_STATUS, type OAuthErrorCode } from "@/lib/errors/oauth-catalogue";

export type { OAuthErrorCode };

interface OAuthErrorOptions {
  /** For the response: `WWW-Authenticate`, `DPoP-Nonce`. */
  headers?: Record<string, string>;
  /** For the log, never for the caller. */
  reason?: string;
  /** Where it is not the one of its code. */
  status?: number;
  /** Of an authorization request: where its client hears of it. Null: the person is told, and the browser stays here. */
  returnTo?: ReturnAddress | null;
}

/** A registered redirect URI, and what the client wants to have back there (RFC 6749 section 4.1.1). */
export interface ReturnAddress {
  redirectUri: string;
  state: string | null;
}

/** A refusal in OAuth's own form: its code and a sentence for whoever writes the client. */
export class OAuthError extends Error {
  override readonly name = "OAuthError";
  readonly code: OAuthErrorCode;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly reason: string | undefined;
  readonly returnTo: ReturnAddress | null;

  /** The description is printable ASCII without `"` and `\` (RFC 6749 section 5.2). */
  constructor(
    code: OAuthErrorCode,
    description: string,
    { headers = {}, reason, status = OAUTH_STATUS[code], returnTo = null }: OAuthErrorOptions = {},
  ) {
    super(description);
    this.code = code;
    this.status = status;
    this.headers = headers;
    this.reason = reason;
    this.returnTo = returnTo;
  }
}

/** By name, not by class: the server bundles hold copies of this file. */
export const isOAuthError = (error: unknown): error is OAuthError =>
  error instanceof Error && error.name === "OAuthError";
