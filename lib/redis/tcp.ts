import { Redis, type Requester } from "@upstash/redis";
import { type ChainableCommander, Redis as Connection, type RedisOptions } from "ioredis";
import { REDIS_CLOSE_MS, REDIS_CONNECT_MS, REDIS_RECONNECT_MS, REDIS_SILENCE_MS } from "../config/durations";
import { deadlineSignal } from "./deadline";
import type { Transport } from "./transport";

const OPTIONS = {
  lazyConnect: true,
  connectTimeout: REDIS_CONNECT_MS,
  disconnectTimeout: REDIS_CLOSE_MS,
  socketTimeout: REDIS_SILENCE_MS,
  retryStrategy: () => REDIS_RECONNECT_MS,
  // Who asks while there is no connection, or loses it, is told at once; nothing is sent twice.
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  // Servers that grant few commands refuse INFO and HELLO; one that still loads refuses every command by itself.
  enableReadyCheck: false,
  disableClientInfo: true,
  protocol: 2,
} satisfies RedisOptions;

/** Upstash's client over Redis's own protocol. Connects at the first request, and again for ever. */
export function openTcp(url: string): Transport {
  const connection = new Connection(url, OPTIONS);
  // Its message alone: the error of a refused password carries the password with it.
  let fault = "";
  connection.on("error", (error) => {
    fault = error.message;
  });
  let lost = 0;
  connection.on("close", () => {
    lost += 1;
  });
  let firstAttempt: Promise<void> | undefined;
  const request = async ({ path = [], body }: { path?: string[]; body?: unknown }): Promise<unknown> => {
    firstAttempt ??= connection.connect().catch(() => {});
    await firstAttempt;
    deadlineSignal().throwIfAborted();
    if (connection.status !== "ready")
      throw new Error(`Redis is not connected: ${fault || connection.status}.`);
    const [batch] = path;
    if (batch === "pipeline") return sendAll(connection.pipeline(), body as Words[]);
    if (batch === "multi-exec") return sendAll(connection.multi(), body as Words[]);
    return send(connection, body as Words);
  };
  return {
    redis: new RedisOver({ request: request as Requester["request"] }),
    lostConnections: () => lost,
    close: () => connection.disconnect(),
  };
}

/** Answers stay the strings they are, as over REST: the constructor for a `Requester` takes no options. */
class RedisOver extends Redis {
  constructor(requester: Requester) {
    super(requester);
    this.opts = { automaticDeserialization: false };
  }
}

type Words = [name: string, ...rest: (string | number | boolean)[]];

/** One answer of Upstash's protocol. */
type Answer = { result: unknown } | { error: string };

async function send(connection: Connection, words: Words): Promise<Answer> {
  try {
    return { result: await connection.call(...asTexts(words)) };
  } catch (error) {
    return refusal(error);
  }
}

/** Rejects when a transaction is refused as a whole. */
async function sendAll(batch: ChainableCommander, commands: Words[]): Promise<Answer[]> {
  for (const words of commands) batch.call(...asTexts(words));
  const answers = (await batch.exec()) ?? [];
  return answers.map(([error, result]) => (error === null ? { result } : refusal(error)));
}

const asTexts = ([name, ...rest]: Words): [string, ...string[]] => [name, ...rest.map(String)];

/** What the server itself answered with an error; throws when it has not answered. */
function refusal(error: unknown): Answer {
  if (error instanceof Error && error.name === "ReplyError") return { error: error.message };
  throw error;
}
