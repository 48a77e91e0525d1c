import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { type ChainableCommander, Redis } from "ioredis";

/** Upstash's REST API in front of a Redis. */
export interface UpstashBridge {
  url: string;
  token: string;
  /** How many requests it has been asked so far. */
  requestCount(): number;
  /** The first word of each request since the last call. */
  take(): string[];
  close(): Promise<void>;
}

type Words = [name: string, ...rest: (string | number)[]];
type Outcome = { result: unknown } | { error: string };

interface Reply {
  status: number;
  body: Outcome | Outcome[];
}

/** Answers 503 while that Redis cannot be reached, and waits as long as it does. */
export async function startUpstashBridge(redisUrl: string): Promise<UpstashBridge> {
  const redis = new Redis(redisUrl, {
    retryStrategy: () => 20,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
  });
  redis.on("error", () => {});
  const token = randomBytes(24).toString("base64url");
  let requests = 0;
  const asked: string[] = [];

  const server = createServer(async (request, response) => {
    requests += 1;
    const isKnown = request.headers.authorization === `Bearer ${token}`;
    const reply = isKnown ? await answer(redis, request, asked) : UNAUTHORIZED;
    send(response, reply, request.headers["upstash-encoding"] === "base64");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    requestCount: () => requests,
    take: () => asked.splice(0),
    close: async () => {
      redis.disconnect();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const UNAUTHORIZED: Reply = { status: 401, body: { error: "WRONGPASS invalid or missing auth token" } };

async function answer(redis: Redis, request: IncomingMessage, asked: string[]): Promise<Reply> {
  try {
    const body = await json(request);
    asked.push(String([body].flat(2)[0]).toLowerCase());
    if (request.method !== "POST") return { status: 405, body: { error: "ERR method not allowed" } };
    if (request.url === "/pipeline")
      return { status: 200, body: await runAll(redis.pipeline(), body as Words[]) };
    if (request.url === "/multi-exec")
      return { status: 200, body: await runAll(redis.multi(), body as Words[]) };
    if (request.url !== "/") return { status: 404, body: { error: "ERR no such path" } };
    const [name, ...rest] = body as Words;
    return { status: 200, body: { result: await redis.call(name, ...rest.map(String)) } };
  } catch (error) {
    return { status: isReply(error) ? 400 : 503, body: { error: (error as Error).message } };
  }
}

/** Rejects when a transaction is refused as a whole, or the connection is lost. */
async function runAll(batch: ChainableCommander, commands: Words[]): Promise<Outcome[]> {
  for (const [name, ...rest] of commands) batch.call(name, ...rest.map(String));
  const answers = (await batch.exec()) ?? [];
  return answers.map(([error, result]) => {
    if (error === null) return { result };
    if (isReply(error)) return { error: error.message };
    throw error;
  });
}

const isReply = (error: unknown): boolean => error instanceof Error && error.name === "ReplyError";

function send(response: ServerResponse, { status, body }: Reply, inBase64: boolean): void {
  response.writeHead(status, { "Content-Type": "application/json" });
  const outcomes = Array.isArray(body)
    ? body.map((outcome) => encode(outcome, inBase64))
    : encode(body, inBase64);
  response.end(JSON.stringify(outcomes));
}

function encode(outcome: Outcome, inBase64: boolean): Outcome {
  return inBase64 && "result" in outcome ? { result: inBase64Texts(outcome.result) } : outcome;
}

function inBase64Texts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inBase64Texts);
  return typeof value === "string" ? Buffer.from(value).toString("base64") : value;
}
