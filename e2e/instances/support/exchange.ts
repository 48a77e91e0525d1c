import {
  type Agent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
} from "node:http";

export interface RequestOptions {
  /** The `Cookie` header. */
  cookie?: string;
  /** An access token for the `Authorization` header. */
  bearer?: string;
  headers?: Record<string, string>;
  /** A value other than text is sent as JSON. */
  body?: unknown;
  agent?: Agent;
  /** Gives the request up. */
  signal?: AbortSignal;
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  /** Each `Set-Cookie` line as it came. */
  setCookies: string[];
  body: string;
  /** The body, parsed. */
  json<Body>(): Body;
}

/** What can be asked: an instance, or a proxy in front of several. */
export interface Server {
  /** The public origin it answers for. */
  origin: string;
  /** Rejects when the connection fails. */
  request(method: string, path: string, options?: RequestOptions): Promise<Answer>;
}

export interface Destination {
  port: number;
  /** The `Host` header, which is the cluster's and not the port's. */
  host: string;
  method: string;
  path: string;
}

const PATIENCE_MS = 30_000;

/** Asks a server on this machine. Rejects when the connection fails. */
export async function exchange(to: Destination, options: RequestOptions): Promise<Answer> {
  return readAnswer(await sendRequest(to, options));
}

/** The server has answered, and the client loses the connection before it has read what. */
export async function exchangeAndLose(to: Destination, options: RequestOptions): Promise<void> {
  const incoming = await sendRequest(to, options);
  incoming.destroy();
}

/** The client closes the connection as soon as it has sent its request, whatever becomes of it. */
export function sendAndLeave(to: Destination, options: RequestOptions): Promise<void> {
  return new Promise((resolve) => {
    const outgoing = openRequest(to, options);
    outgoing.on("error", () => {});
    outgoing.once("close", resolve);
    outgoing.end(bodyText(options.body), () => outgoing.destroy());
  });
}

function sendRequest(to: Destination, options: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = openRequest(to, options);
    outgoing.once("response", resolve);
    outgoing.on("error", reject);
    outgoing.once("timeout", () => outgoing.destroy(new Error(`${to.method} ${to.path}: no answer in time`)));
    outgoing.end(bodyText(options.body));
  });
}

const openRequest = (to: Destination, options: RequestOptions): ClientRequest =>
  request({
    host: "127.0.0.1",
    port: to.port,
    method: to.method,
    path: to.path,
    headers: headersOf(to, options),
    agent: options.agent,
    signal: options.signal,
    timeout: PATIENCE_MS,
  });

const bodyText = (body: unknown): string | undefined =>
  body === undefined || typeof body === "string" ? body : JSON.stringify(body);

function headersOf({ host }: Destination, options: RequestOptions) {
  const body = bodyText(options.body);
  const length = Buffer.byteLength(body ?? "");
  return {
    host,
    ...(options.cookie ? { cookie: options.cookie } : {}),
    ...(options.bearer ? { authorization: `Bearer ${options.bearer}` } : {}),
    ...(body === undefined ? {} : { "content-type": "application/json", "content-length": String(length) }),
    ...options.headers,
  };
}

async function readAnswer(incoming: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString();
  return {
    status: incoming.statusCode ?? 0,
    headers: incoming.headers,
    setCookies: incoming.headers["set-cookie"] ?? [],
    body,
    json: () => JSON.parse(body),
  };
}
