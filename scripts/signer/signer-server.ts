import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { z } from "zod";
import type { Logger } from "../../lib/audit/logger";
import { ALGORITHMS, type Algorithm, isSymmetric } from "../../lib/keys/algorithms";
import { type KeyFolder, KID } from "./key-folder";

/** More than a JWS signing input of ours ever has. */
const MAX_BODY_BYTES = 16_384;
/** A Latchkey has two or three; one that asks again and again must not fill the disk. */
const MAX_KEYS = 500;

/** A client that is slower than this is cut off; nobody waits for it. */
const REQUEST_MS = 5_000;
const IDLE_MS = 60_000;
/** How often it is looked for slow clients, and while it stops for connections that nobody uses. */
const LOOK_MS = 500;
const STOP_LOOK_MS = 20;
const MAX_CONNECTIONS = 512;

/** A secret that verifies cannot stay with a signer. */
const asymmetric = (Object.keys(ALGORITHMS) as Algorithm[]).filter((name) => !isSymmetric(name));
const wanted = z.strictObject({ algorithm: z.enum(asymmetric), owner: z.string().min(1).max(300) });

interface Reply {
  status: number;
  /** Bytes, or what is sent as JSON. */
  body?: Uint8Array | object;
}

const NOT_FOUND: Reply = { status: 404 };

/** Answers what `docs/signing-process.md` lists. Whoever may connect may sign: the socket's mode decides who that is. */
export function createSignerServer(keys: KeyFolder, log: Logger): Server {
  const limits = { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, keepAliveTimeout: IDLE_MS };
  const server = createServer(
    { ...limits, connectionsCheckingInterval: LOOK_MS },
    async (request, response) => {
      try {
        send(response, await answer(keys, request));
      } catch (error) {
        // The client has gone.
        if (request.errored !== null) return;
        log.error({ err: error }, "a request failed");
        send(response, { status: 500 });
      }
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

/** Takes no new connections, answers the requests in flight, and resolves when that is done. */
export async function closeSignerServer(server: Server): Promise<void> {
  const closed = new Promise((done) => server.close(done));
  const idle = setInterval(() => server.closeIdleConnections(), STOP_LOOK_MS);
  const late = setTimeout(() => server.closeAllConnections(), REQUEST_MS);
  await closed;
  clearInterval(idle);
  clearTimeout(late);
}

function send(response: ServerResponse, { status, body }: Reply): void {
  response.statusCode = status;
  // Of a body that is too long nothing more is read.
  if (status === 413) response.setHeader("Connection", "close");
  if (body instanceof Uint8Array) response.setHeader("Content-Type", "application/octet-stream").end(body);
  else if (body === undefined) response.end();
  else response.setHeader("Content-Type", "application/json").end(JSON.stringify(body));
}

const PATH = /^\/keys(?:\/([^/]+)(\/signatures)?)?$/;

async function answer(keys: KeyFolder, request: IncomingMessage): Promise<Reply> {
  const { method, url = "" } = request;
  if (method === "GET" && url === "/") return { status: 200, body: { id: keys.id } };
  const [isKnown, kid, signatures] = PATH.exec(url) ?? [];
  if (isKnown === undefined || (kid !== undefined && !KID.test(kid))) return NOT_FOUND;
  if (kid === undefined) {
    if (method === "GET") return { status: 200, body: { id: keys.id, keys: listed(keys) } };
    return method === "POST" ? generate(keys, request) : NOT_FOUND;
  }
  if (method === "POST" && signatures !== undefined) return sign(keys, kid, request);
  if (method !== "DELETE" || signatures !== undefined) return NOT_FOUND;
  keys.discard(kid);
  return { status: 204 };
}

const listed = (keys: KeyFolder) =>
  keys.list().map(({ kid, owner, createdAt }) => ({
    kid,
    owner,
    ageSeconds: Math.max(0, (Date.now() - createdAt.getTime()) / 1000),
  }));

async function generate(keys: KeyFolder, request: IncomingMessage): Promise<Reply> {
  const body = await readBody(request);
  if (body === null) return { status: 413 };
  const parsed = wanted.safeParse(parseJson(body));
  if (!parsed.success) {
    return { status: 400, body: { error: `algorithm may be ${asymmetric.join(", ")}; owner is a text.` } };
  }
  if (keys.list().length >= MAX_KEYS) return { status: 409, body: { error: `There are ${MAX_KEYS} keys.` } };
  const { algorithm, owner } = parsed.data;
  return { status: 201, body: { id: keys.id, ...(await keys.generate(algorithm, owner)) } };
}

async function sign(keys: KeyFolder, kid: string, request: IncomingMessage): Promise<Reply> {
  const data = await readBody(request);
  if (data === null) return { status: 413 };
  // Looked up last: while the body arrived the key may have been discarded.
  const signer = keys.find(kid);
  return signer === null ? NOT_FOUND : { status: 200, body: await signer.sign(data) };
}

/** Null when it is too long. */
async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    bytes += part.length;
    if (bytes > MAX_BODY_BYTES) return null;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return null;
  }
}
