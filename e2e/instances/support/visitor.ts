import { randomBytes } from "node:crypto";
import { ADMIN, type Answer, type RequestOptions, type Server } from "./cluster";

export const ACCESS_COOKIE = "__Host-Http-access";
export const REFRESH_COOKIE = "__Host-Http-refresh";

export interface Person {
  email: string;
  password: string;
}

export interface VisitorOptions {
  /** What a trusted proxy says of where the visitor is; each visitor is elsewhere unless told. */
  address?: string;
  userAgent?: string;
}

/** Somebody nobody knows yet. */
export const newPerson = (): Person => ({
  email: `p${randomBytes(6).toString("hex")}@example.com`,
  password: `Pw.${randomBytes(18).toString("base64url")}`,
});

let lastAddress = 0;
/** An address no other visitor of this process comes from. */
export function freshAddress(): string {
  lastAddress += 1;
  return `10.${(lastAddress >> 16) & 255}.${(lastAddress >> 8) & 255}.${lastAddress & 255}`;
}

/**
 * One browser of one person: its cookies, and what it says of itself. Any number of visitors may be the same person;
 * each `signIn` is a session of its own.
 */
export class Visitor {
  readonly cookies = new Map<string, string>();
  readonly address: string;
  readonly userAgent: string;
  /** Of the latest sign-in. */
  userId = "";
  sessionId = "";

  constructor(
    readonly person: Person = ADMIN,
    options: VisitorOptions = {},
  ) {
    this.address = options.address ?? freshAddress();
    this.userAgent = options.userAgent ?? "Visitor/1.0";
  }

  /** The raw access token, or undefined. */
  get access(): string | undefined {
    return this.cookies.get(ACCESS_COOKIE);
  }

  /** The raw refresh token, or undefined. */
  get refreshToken(): string | undefined {
    return this.cookies.get(REFRESH_COOKIE);
  }

  get cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  /** As when the access token's time has passed: the browser drops its cookie. */
  expireAccess(): void {
    this.cookies.delete(ACCESS_COOKIE);
  }

  /** What our own page would send to this server. */
  options(server: Server, options: RequestOptions = {}): RequestOptions {
    const own = { origin: server.origin, "user-agent": this.userAgent, "x-forwarded-for": this.address };
    return { cookie: this.cookieHeader, ...options, headers: { ...own, ...options.headers } };
  }

  /** As our own page would; what the answer says of cookies is done. */
  async request(server: Server, method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const answer = await server.request(method, path, this.options(server, options));
    this.keepCookies(answer);
    return answer;
  }

  /** Does what an answer says of cookies, as a browser would. */
  keepCookies(answer: Answer): void {
    for (const line of answer.setCookies) this.keep(line);
  }

  /** Throws when it is refused. */
  signIn(server: Server): Promise<Answer> {
    return this.enter(server, "/api/auth/login");
  }

  /** Makes the person, who is then signed in. Throws when it is refused. */
  signUp(server: Server): Promise<Answer> {
    return this.enter(server, "/api/auth/signup");
  }

  refresh(server: Server): Promise<Answer> {
    return this.request(server, "POST", "/api/auth/refresh");
  }

  /** The status of "who am I": 200 while the session is good. */
  async session(server: Server): Promise<number> {
    return (await this.request(server, "GET", "/api/auth/session")).status;
  }

  logOut(server: Server): Promise<Answer> {
    return this.request(server, "POST", "/api/auth/logout");
  }

  private async enter(server: Server, path: string): Promise<Answer> {
    const answer = await this.request(server, "POST", path, { body: this.person });
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.body}`);
    const { user, session } = answer.json<{ user: { id: string }; session: { id: string } }>();
    this.userId = user.id;
    this.sessionId = session.id;
    return answer;
  }

  private keep(line: string): void {
    const [pair = "", ...attributes] = line.split(";");
    const name = pair.slice(0, pair.indexOf("="));
    const isCleared = attributes.some((attribute) =>
      /^\s*(max-age=0|expires=Thu, 01 Jan 1970)/i.test(attribute),
    );
    if (isCleared) this.cookies.delete(name);
    else this.cookies.set(name, pair.slice(name.length + 1));
  }
}

/** The value an answer gives a cookie, or null when it does not mention it. */
export function setCookie(answer: Answer, name: string): string | null {
  const line = answer.setCookies.findLast((candidate) => candidate.startsWith(`${name}=`));
  return line === undefined ? null : (line.slice(name.length + 1).split(";")[0] ?? "");
}

/** A session of this person in a browser of its own. */
export async function signedIn(
  server: Server,
  person: Person = ADMIN,
  options?: VisitorOptions,
): Promise<Visitor> {
  const visitor = new Visitor(person, options);
  await visitor.signIn(server);
  return visitor;
}

/** A new person, signed in. */
export async function joined(server: Server, options?: VisitorOptions): Promise<Visitor> {
  const visitor = new Visitor(newPerson(), options);
  await visitor.signUp(server);
  return visitor;
}
