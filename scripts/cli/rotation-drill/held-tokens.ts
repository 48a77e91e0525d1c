import { decodeJwt, decodeProtectedHeader } from "jose";

export interface HeldToken {
  text: string;
  kid: string;
  expiresAt: Date;
}

/** Every access token that a client has had and that has not expired, oldest first. */
export class HeldTokens {
  #tokens: HeldToken[] = [];

  get all(): readonly HeldToken[] {
    return this.#tokens;
  }

  get newest(): HeldToken | null {
    return this.#tokens.at(-1) ?? null;
  }

  of(kid: string): readonly HeldToken[] {
    return this.#tokens.filter((token) => token.kid === kid);
  }

  /** The token as it is held from now on, or null for one that is held already. */
  add(text: string): HeldToken | null {
    if (this.newest?.text === text) return null;
    const { kid = "" } = decodeProtectedHeader(text);
    const { exp = 0 } = decodeJwt(text);
    const token = { text, kid, expiresAt: new Date(exp * 1_000) };
    this.#tokens.push(token);
    return token;
  }

  /** Lets go of those that have expired, and returns them. */
  letExpire(now: Date): readonly HeldToken[] {
    const expired = this.#tokens.filter(({ expiresAt }) => expiresAt <= now);
    this.#tokens = this.#tokens.filter(({ expiresAt }) => expiresAt > now);
    return expired;
  }
}
