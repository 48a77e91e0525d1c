export interface DocumentRequest {
  url: string;
  /** On top of those that every question has. */
  headers?: Record<string, string>;
  fetch: typeof fetch;
  /** Of the document that is known; null asks for it whatever it is. */
  etag: string | null;
  /** For everything: the connection, the headers and the body. */
  timeoutMs: number;
  /** Of the body, after any decompression. */
  maxBytes: number;
}

/** A JSON document, or null when it is the known one (304). */
export type FetchedDocument = { value: unknown; etag: string | null } | null;

export class UnexpectedStatusError extends Error {
  constructor(readonly status: number) {
    super(`status ${status}`);
  }
}

const JSON_TYPE = /^application\/(?:[a-z0-9.-]+\+)?json[ \t]*(?:;|$)/i;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Asks for a JSON document without following redirects. Rejects, and lets go of the connection, when the answer is not
 * one, is too large, or is not complete in time.
 */
export async function fetchDocument(
  request: DocumentRequest,
  closing: AbortSignal,
): Promise<FetchedDocument> {
  const { url, etag, timeoutMs, maxBytes } = request;
  const ending = new AbortController();
  const end = () => ending.abort(new Error(closing.aborted ? "closed" : `no answer within ${timeoutMs} ms`));
  const timer = setTimeout(end, timeoutMs);
  closing.addEventListener("abort", end);
  if (closing.aborted) end();
  try {
    const response = await request.fetch(url, {
      headers: {
        Accept: "application/json",
        ...(etag === null ? {} : { "If-None-Match": etag }),
        ...request.headers,
      },
      redirect: "error",
      signal: ending.signal,
    });
    if (response.status === 304 && etag !== null) return null;
    return { value: await readJson(response, maxBytes), etag: response.headers.get("etag") };
  } finally {
    clearTimeout(timer);
    closing.removeEventListener("abort", end);
    ending.abort();
  }
}

async function readJson(response: Response, maxBytes: number): Promise<unknown> {
  if (response.status !== 200) throw new UnexpectedStatusError(response.status);
  if (!JSON_TYPE.test(response.headers.get("content-type") ?? "")) throw new Error("not JSON");
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new Error(`larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return JSON.parse(utf8.decode(Buffer.concat(chunks)));
}

/** Why a document could not be had, for a sentence. Of a fetch that failed, its cause says it. */
export const reasonOf = (error: unknown): string => {
  const { cause = error } = Object(error);
  return cause instanceof Error ? cause.message : String(cause);
};
