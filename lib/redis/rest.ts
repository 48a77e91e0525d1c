import { Redis } from "@upstash/redis";
import { deadlineSignal } from "./deadline";
import type { Transport } from "./transport";

/** Upstash's client over its REST API. */
export function openRest(url: string, token: string): Transport {
  const redis = new Redis({
    url,
    token,
    // A function: with a signal alone, the client makes an answer up when it is aborted.
    signal: deadlineSignal,
    // Not `false`, which still tries twice.
    retry: { retries: 0 },
    // Texts are sent as they are; answers stay the strings they are.
    responseEncoding: false,
    automaticDeserialization: false,
    enableAutoPipelining: false,
    enableTelemetry: false,
  });
  return { redis, lostConnections: () => 0, close: () => {} };
}
