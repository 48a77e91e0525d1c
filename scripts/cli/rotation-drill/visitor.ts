import { cookieNames } from "../../../lib/policy/cookies";
import { PlainError } from "../../plain-error";
import { askDeployment } from "../deployment";

/** One browser at the public origin: it keeps its cookies, and says where its requests come from. */
export class DrillVisitor {
  /** Those of a proxy in front too, whatever they hold. */
  readonly #cookies = new Map<string, string>();

  constructor(
    private readonly origin: string,
    private readonly secureCookies: boolean,
  ) {}

  /** The access token that it has now, or null. */
  get accessToken(): string | null {
    return this.#cookies.get(cookieNames(this.secureCookies).access) ?? null;
  }

  /** Throws `PlainError` when it is refused. */
  async signIn(person: { email: string; password: string }): Promise<void> {
    const { status } = await this.#ask("POST", "/api/auth/login", JSON.stringify(person));
    if (status === 200) return;
    if (status !== 401) throw new PlainError(`${this.origin} refuses the sign-in of the drill (${status}).`);
    throw new PlainError(
      `${this.origin} does not know the person that was made here for the drill: it has another database.`,
    );
  }

  /** Renews the access token. False: the session has ended. Throws `PlainError` when that cannot be told. */
  refresh(): Promise<boolean> {
    return this.#isLet("POST", "/api/auth/refresh");
  }

  /** Whether it is signed in. Throws `PlainError` when that cannot be told. */
  isSignedIn(): Promise<boolean> {
    return this.#isLet("GET", "/api/auth/session");
  }

  async #isLet(method: string, path: string): Promise<boolean> {
    const { status } = await this.#ask(method, path);
    if (status !== 200 && status !== 401) throw new PlainError(`${method} ${path} was answered ${status}.`);
    return status === 200;
  }

  async #ask(method: string, path: string, body: string | null = null): Promise<Response> {
    const headers = {
      origin: this.origin,
      "sec-fetch-site": "same-origin",
      "user-agent": "latchkey-drill",
      ...(body === null ? {} : { "content-type": "application/json" }),
      ...(this.#cookies.size === 0 ? {} : { cookie: this.#cookieHeader }),
    };
    const answer = await askDeployment(this.origin, path, { method, headers, body });
    for (const line of answer.headers.getSetCookie()) this.#keep(line);
    // Read to its end, so that the connection is there for the next one.
    await answer.arrayBuffer();
    return answer;
  }

  get #cookieHeader(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  #keep(line: string): void {
    const [pair = "", ...attributes] = line.split(";");
    const name = pair.slice(0, pair.indexOf("="));
    const isCleared = attributes.some((attribute) => attribute.trim().toLowerCase() === "max-age=0");
    if (isCleared) this.#cookies.delete(name);
    else this.#cookies.set(name, pair.slice(name.length + 1));
  }
}
