import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import { OUTBOUND_DEADLINE_MS } from "@/lib/config/durations";
import { FetchRefusedError, isFetchRefused } from "./fetch-refused-error";
import { isPrivateHost, notPublic, parseOutboundUrl } from "./outbound-url";
import { isPublicAddress } from "./public-address";

export interface FetchOptions {
  /** `PRIVATE_HOSTS`: the hosts that may be anywhere, and may be asked over plain http. */
  privateHosts: readonly string[];
  /** Every address of a name. Default: as this machine resolves it. */
  resolve?: (hostname: string) => Promise<LookupAddress[]>;
  /** For everything: the name, the connection, the headers and the body. */
  deadlineMs?: number;
}

/** What is sent. */
export interface OutboundRequest {
  method: "GET" | "POST";
  headers: Record<string, string>;
  body?: string;
}

/** Takes what it needs of an answer; the connection is closed when it is done. */
type AnswerReader<Answer> = (response: IncomingMessage, url: URL) => Answer | Promise<Answer>;

const resolveHost = (hostname: string): Promise<LookupAddress[]> => lookup(hostname, { all: true });

/**
 * Sends a request to an address that an administrator typed. https alone, to public addresses alone, unless
 * `PRIVATE_HOSTS` names the host: whoever can type an address here must not reach what only this machine can (SSRF).
 * The addresses of a name are checked as the connection is made, and all of them: a name that answers differently the
 * second time (DNS rebinding) leads nowhere. Redirects are not followed, nothing is decompressed, no cookie or
 * credential is sent, and the connection is closed afterwards, whatever came of it.
 * Certificates are checked as Node does: NODE_EXTRA_CA_CERTS adds an authority of one's own.
 * Rejects with `FetchRefusedError`.
 */
export async function sendOutbound<Answer>(
  text: string,
  sent: OutboundRequest,
  options: FetchOptions,
  read: AnswerReader<Answer>,
): Promise<Answer> {
  const { deadlineMs = OUTBOUND_DEADLINE_MS } = options;
  const url = parseOutboundUrl(text, options.privateHosts);
  const deadline = AbortSignal.timeout(deadlineMs);
  const request = openRequest(url, sent, options, deadline);
  try {
    return await read(await answerTo(request, url), url);
  } catch (error) {
    if (isFetchRefused(error)) throw error;
    if (deadline.aborted) throw new FetchRefusedError(`${url.host} did not answer within ${deadlineMs} ms.`);
    throw refusalOf(error, url);
  } finally {
    request.destroy();
  }
}

/** Throws `FetchRefusedError` for an answer of any other status. */
export function requireStatus(
  { statusCode = 0 }: IncomingMessage,
  { host }: URL,
  accepted: readonly number[],
): void {
  if (accepted.includes(statusCode)) return;
  const message =
    statusCode >= 300 && statusCode < 400
      ? `${host} answered with a redirect, which is not followed.`
      : `${host} answered with the status ${statusCode}.`;
  throw new FetchRefusedError(message, statusCode);
}

function openRequest(
  url: URL,
  { method, headers, body }: OutboundRequest,
  { privateHosts, resolve = resolveHost }: FetchOptions,
  signal: AbortSignal,
): ClientRequest {
  const isAllowed = isPrivateHost(url, privateHosts) ? () => true : isPublicAddress;
  const request = (url.protocol === "https:" ? httpsRequest : httpRequest)(url, {
    method,
    // One connection for this request alone.
    agent: false,
    headers: { ...headers, "Accept-Encoding": "identity" },
    lookup: lookUp(resolve, isAllowed, notPublic(url)),
    signal,
  });
  // Closing it early is an error to itself, also when nobody waits for its answer any more.
  request.on("error", () => {});
  request.end(body);
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

/** What Node could not do, in its own code, as `ECONNREFUSED`. Its message and the rest of it may hold what was answered. */
function refusalOf(error: unknown, { host }: URL): unknown {
  const code = error instanceof Error && "code" in error ? error.code : null;
  return typeof code === "string" ? new FetchRefusedError(`${host} could not be asked: ${code}.`) : error;
}
