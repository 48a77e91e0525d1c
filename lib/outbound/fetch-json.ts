import type { IncomingMessage } from "node:http";
import { MAX_FETCHED_BYTES } from "@/lib/config/sizes";
import { FetchRefusedError } from "./fetch-refused-error";
import { type FetchOptions, requireStatus, sendOutbound } from "./outbound-request";

export type JsonObject = Record<string, unknown>;

const JSON_TYPE = /^application\/([\w.!#$&^+-]+\+)?json[\t ]*(;|$)/i;
const QUESTION = {
  method: "GET",
  headers: { Accept: "application/json, application/jwk-set+json" },
} as const;

/**
 * The JSON object at an address that an administrator typed, within the limits of `sendOutbound`. The body may have
 * 64 KiB. Rejects with `FetchRefusedError`.
 */
export function fetchJson(text: string, options: FetchOptions): Promise<JsonObject> {
  return sendOutbound(text, QUESTION, options, async (response, url) => {
    requireJson(response, url);
    return parseObject(await readBody(response, url), url);
  });
}

function requireJson(response: IncomingMessage, url: URL): void {
  requireStatus(response, url, [200]);
  const { headers } = response;
  if ((headers["content-encoding"] ?? "identity") !== "identity") {
    throw new FetchRefusedError(`${url.host} answered with a compressed document, which is not read.`);
  }
  if (!JSON_TYPE.test(headers["content-type"] ?? "")) {
    throw new FetchRefusedError(`${url.host} answered with a document that does not say that it is JSON.`);
  }
}

async function readBody(response: IncomingMessage, { host }: URL): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_FETCHED_BYTES) {
      throw new FetchRefusedError(`${host} answered with more than ${MAX_FETCHED_BYTES / 1024} KiB.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parseObject(body: Buffer, { host }: URL): JsonObject {
  const document = parseJson(body);
  if (typeof document === "object" && document !== null && !Array.isArray(document)) {
    return document as JsonObject;
  }
  throw new FetchRefusedError(`${host} answered with something that is not a JSON object.`);
}

/** Undefined for what is not JSON in UTF-8 without a byte order mark (RFC 8259 section 8.1). */
function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body));
  } catch {
    return undefined;
  }
}
