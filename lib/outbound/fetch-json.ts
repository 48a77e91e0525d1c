import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import { OUTBOUND_DEADLINE_MS } from "@/lib/config/durations";
import { MAX_FETCHED_BYTES } from "@/lib/config/sizes";
import { FetchRefusedError, isFetchRefused } from "./fetch-refused-error";
import { isPrivateHost, notPublic, parseOutboundUrl } from "./outbound-url";
import { isPublicAddress } from "./public-address";

export type JsonObject = Record<string, unknown>;

export interface FetchOptions {
  /** `PRIVATE_HOSTS`: the hosts that may be anywhere, and may be asked over plain http. */
  privateHosts: readonly string[];
  /** Every address of a name. Default: as this machine resolves it. */
  resolve?: (hostname: string) => Promise<LookupAddress[]>;
  /** For everything: the name, the connection, the headers and the body. */
  deadlineMs?: number;
}

const JSON_TYPE = /^application\/([\w.!#$&^+-]+\+)?json[\t ]*(;|$)/i;

const resolveHost = (hostname: string): Promise<LookupAddress[]> => lookup(hostname, { all: true });

/**
 * The JSON object at an address that an administrator typed. https alone, to public addresses alone, unless
 * `PRIVATE_HOSTS` names the host: whoever can type an address here must not reach what only this machine can (SSRF).
 * The addresses of a name are checked as the connection is made, and all of them: a name that answers differently the
 * second time (DNS rebinding) leads nowhere. Redirects are not followed, nothing is decompressed, no cookie or
 * credential is sent, and the connection is closed afterwards, whatever came of it. The body may have 64 KiB.
 * Certificates are checked as Node does: NODE_EXTRA_CA_CERTS adds an authority of one's own.
 * Rejects with `FetchRefusedError`.
 */
export async function fetchJson(text: string, options: FetchOptions): Promise<JsonObject> {
  const { deadlineMs = OUTBOUND_DEADLINE_MS } = options;
  const url = parseOutboundUrl(text, options.privateHosts);
  const deadline = AbortSignal.timeout(deadlineMs);
  const request = openRequest(url, options, deadline);
  try {
    const response = await answerTo(request, url);
    requireJson(response, url);
    return parseObject(await readBody(response, url), url);
  } catch (error) {
    if (isFetchRefused(error)) throw error;
    if (deadline.aborted) throw new FetchRefusedError(`${url.host} did not answer within ${deadlineMs} ms.`);
    throw refusalOf(error, url);
  } finally {
    request.destroy();
  }
}

function openRequest(url: URL, options: FetchOptions, signal: AbortSignal): ClientRequest {
  const { privateHosts, resolve = resolveHost } = options;
  const isAllowed = isPrivateHost(url, privateHosts) ? () => true : isPublicAddress;
  const request = (url.protocol === "https:" ? httpsRequest : httpRequest)(url, {
    // One connection for this request alone.
    agent: false,
    headers: { Accept: "application/json, application/jwk-set+json", "Accept-Encoding": "identity" },
    lookup: lookUp(resolve, isAllowed, notPublic(url)),
    signal,
  });
  // Closing it early is an error to itself, also when nobody waits for its answer any more.
  request.on("error", () => {});
  request.end();
  return request;
}

function answerTo(request: ClientRequest, { host }: URL): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once("response", resolve).once("error", reject);
    // Nothing else is heard of an answer in another protocol (101).
    request.once("close", () => reject(new FetchRefusedError(`${host} gave no answer.`)));
  });
}

/** What a socket asks for the address to connect to: it connects to no other. */
function lookUp(
  resolve: (hostname: string) => Promise<LookupAddress[]>,
  isAllowed: (address: string) => boolean,
  refusal: FetchRefusedError,
): LookupFunction {
  return (hostname, { all }, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const [first] = addresses;
        if (first === undefined || !addresses.every(({ address }) => isAllowed(address)))
          callback(refusal, []);
        else if (all) callback(null, addresses);
        else callback(null, first.address, first.family);
      },
      (error) => callback(error, []),
    );
  };
}

function requireJson({ statusCode = 0, headers }: IncomingMessage, { host }: URL): void {
  if (statusCode >= 300 && statusCode < 400) {
    throw new FetchRefusedError(`${host} answered with a redirect, which is not followed.`);
  }
  if (statusCode !== 200) throw new FetchRefusedError(`${host} answered with the status ${statusCode}.`);
  if ((headers["content-encoding"] ?? "identity") !== "identity") {
    throw new FetchRefusedError(`${host} answered with a compressed document, which is not read.`);
  }
  if (!JSON_TYPE.test(headers["content-type"] ?? "")) {
    throw new FetchRefusedError(`${host} answered with a document that does not say that it is JSON.`);
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

/** What Node could not do, in its own code, as `ECONNREFUSED`. Its message and the rest of it may hold what was answered. */
function refusalOf(error: unknown, { host }: URL): unknown {
  const code = error instanceof Error && "code" in error ? error.code : null;
  return typeof code === "string" ? new FetchRefusedError(`${host} could not be asked: ${code}.`) : error;
}
