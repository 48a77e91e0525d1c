import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { connect } from "node:net";

export type HeaderFields = Record<string, string | string[]>;

export interface Call {
  method?: string;
  path: string;
  headers?: HeaderFields;
  /** A value other than text or bytes is sent as JSON. */
  body?: unknown;
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  /** Each `Set-Cookie` line as it came. */
  setCookies: string[];
  text: string;
}

/** Node's own client, not fetch: it sends any method, a header twice, and no header of its own but `Host` and `Connection`. */
const agent = new Agent({ keepAlive: true, maxSockets: 60 });

export function sendTo(port: number, host: string, call: Call): Promise<Answer> {
  const body = bodyBytes(call.body);
  const headers: HeaderFields = { host, ...call.headers };
  if (body !== null && !hasField(headers, "content-type")) headers["content-type"] = "application/json";
  if (body !== null && !hasField(headers, "transfer-encoding"))
    headers["content-length"] = String(body.length);
  return new Promise((resolve, reject) => {
    const outgoing = request({
      agent,
      host: "localhost",
      port,
      method: call.method ?? (body === null ? "GET" : "POST"),
      path: call.path,
      headers,
      setHost: false,
    });
    outgoing.once("response", (incoming) => readAnswer(incoming).then(resolve, reject));
    outgoing.once("error", reject);
    outgoing.end(body ?? undefined);
  });
}

const hasField = (headers: HeaderFields, name: string): boolean =>
  Object.keys(headers).some((field) => field.toLowerCase() === name);

function bodyBytes(body: unknown): Buffer | null {
  if (body === undefined) return null;
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
}

async function readAnswer(incoming: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return {
    status: incoming.statusCode ?? 0,
    headers: incoming.headers,
    setCookies: incoming.headers["set-cookie"] ?? [],
    text: Buffer.concat(chunks).toString(),
  };
}

export interface RawAnswer {
  text: string;
  /** The status of each response that came back on the connection. */
  statuses: number[];
  /** Whether the server ended the connection, rather than our patience. */
  closed: boolean;
}

/** Writes exact bytes and reads until the server closes the connection, or for `patienceMs`. */
export function exchangeRaw(port: number, bytes: string | Buffer, patienceMs = 10_000): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port, host: "localhost" });
    const finish = (closed: boolean) => {
      clearTimeout(patience);
      socket.destroy();
      const text = Buffer.concat(chunks).toString("latin1");
      resolve({ text, statuses: statusesIn(text), closed });
    };
    const patience = setTimeout(() => finish(false), patienceMs);
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.once("end", () => finish(true));
    socket.once("error", () => finish(true));
    socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  });
}

const statusesIn = (text: string): number[] =>
  [...text.matchAll(/^HTTP\/1\.[01] (\d{3})/gm)].map((match) => Number(match[1]));

/** A request's lines, ended as HTTP ends them. */
export const lines = (...fields: string[]): string => `${fields.join("\r\n")}\r\n\r\n`;
