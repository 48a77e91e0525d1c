import type { ServerResponse } from "node:http";

/** What is sent in place of an answer that could not be made. */
export interface Replacement {
  status: number;
  headers: Record<string, string>;
  body: string;
}

const BROKEN = 500;

/** What an answer says of its body, and so no longer holds. */
const OF_THE_BODY = [
  "content-encoding",
  "content-length",
  "content-type",
  "etag",
  "link",
  "transfer-encoding",
];

type Call<Result> = (...parameters: unknown[]) => Result;

/**
 * An answer that would have status 500 is replaced, head and body; cookies and the headers of every response stay.
 * Of an answer whose head has left, nothing is changed. Call it before anybody else has wrapped the response, as
 * compression does.
 */
export function replaceBroken(response: ServerResponse, replacement: () => Replacement): void {
  const writeHead = response.writeHead.bind(response) as Call<ServerResponse>;
  const write = response.write.bind(response) as Call<boolean>;
  const end = response.end.bind(response) as Call<ServerResponse>;
  let body: string | null = null;

  const sendHead = (status: number, ...rest: unknown[]) => {
    if (status !== BROKEN || body !== null) return writeHead(status, ...rest);
    const instead = replacement();
    body = instead.body;
    for (const name of OF_THE_BODY) response.removeHeader(name);
    for (const [name, value] of Object.entries(instead.headers)) response.setHeader(name, value);
    response.setHeader("Content-Length", Buffer.byteLength(body));
    return writeHead(instead.status);
  };
  /** Before Node sends the head by itself, together with the first piece of the body that is not wanted. */
  const sendBrokenHead = () => {
    if (response.statusCode === BROKEN && !response.headersSent) response.writeHead(BROKEN);
  };
  response.writeHead = sendHead as typeof response.writeHead;
  response.write = ((...chunk: unknown[]) => {
    sendBrokenHead();
    return body === null ? write(...chunk) : true;
  }) as typeof response.write;
  response.end = ((...chunk: unknown[]) => {
    sendBrokenHead();
    return body === null ? end(...chunk) : end(body);
  }) as typeof response.end;
}
