import { once } from "node:events";
import { Agent, type ClientRequest, type IncomingMessage, type RequestOptions, request } from "node:http";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DRAIN_MS } from "@/lib/config/durations";
import { type RunningLatchkey, startLatchkey } from "../support/latchkey";
import { queryDatabase } from "../support/query-database";
import { addFeedReader, untilSomebodyWaits } from "./support/feed-reader";

const CLIENTS = 24;
/** Shorter than what the server grants to a connection that is idle when it stops. */
const LONGEST_PAUSE_MS = 300;

describe("a process that is told to stop", () => {
  let latchkey: RunningLatchkey;
  let stopped: Promise<number | NodeJS.Signals> | null = null;
  const agents: Agent[] = [];

  beforeEach(async () => {
    latchkey = await startLatchkey({ embedded: false });
    stopped = null;
  });

  afterEach(async () => {
    for (const agent of agents.splice(0)) agent.destroy();
    await (stopped ?? latchkey.stop());
  });

  /** A client with one connection, which it keeps. */
  const client = () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    agents.push(agent);
    return (path: string, options: RequestOptions = {}) =>
      request({ agent, host: "localhost", port: latchkey.port, path, ...options });
  };
  const stop = () => {
    stopped = latchkey.stop();
    return stopped;
  };

  it("cuts no request of clients that keep their connections", async () => {
    const visitors = Array.from({ length: CLIENTS }, (_, index) => visit(client(), index));
    await Promise.all(visitors.map(({ firstAnswer }) => firstAnswer));
    const code = stop();
    const outcomes = await Promise.allSettled(visitors.map(({ lastAnswer }) => lastAnswer));
    expect(outcomes.map((outcome) => (outcome.status === "rejected" ? outcome.reason : "answered"))).toEqual(
      Array.from({ length: CLIENTS }, () => "answered"),
    );
    expect(await code).toBe(0);
  });

  it("answers on an idle connection once more, and says on the way that it is not ready", async () => {
    const [page, probe] = [client(), client()];
    expect(await answerOf(page("/login"))).toMatchObject({ status: 200, connection: "keep-alive" });
    expect(await answerOf(probe("/readyz"))).toMatchObject({ status: 200 });
    const code = stop();
    await untilRefused(latchkey.port);
    // Both at once: it waits for neither connection for long.
    const [shown, ready] = await Promise.all([answerOf(page("/login")), answerOf(probe("/readyz"))]);
    expect(shown).toMatchObject({ status: 200, connection: "close", reused: true });
    expect(ready).toMatchObject({ status: 503, connection: "close", reused: true });
    expect(JSON.parse(ready.text).status).toBe("unavailable");
    expect(await code).toBe(0);
  });

  it("takes new connections until its delay is over, and says that it will end", async () => {
    await latchkey.stop();
    latchkey = await startLatchkey({ embedded: false, env: { SHUTDOWN_DELAY_SECONDS: "2" } });
    const code = stop();
    while ((await answerOf(client()("/readyz"))).status === 200);
    expect(await answerOf(client()("/login"))).toMatchObject({ status: 200, connection: "close" });
    await untilRefused(latchkey.port);
    expect(await code).toBe(0);
  });

  it("answers at once whoever waits for revocations", async () => {
    const sql = <Row extends object>(text: string, values?: unknown[]) =>
      queryDatabase<Row>(latchkey.databaseUrl, text, values);
    const headers = { authorization: `Bearer ${await addFeedReader(sql)}` };
    const { text } = await answerOf(client()("/api/revocations", { headers }));
    const { cursor } = JSON.parse(text);
    // Longer than the time to drain.
    const waiting = answerOf(client()(`/api/revocations?since=${cursor}&wait=25`, { headers }));
    await untilSomebodyWaits(sql);
    const code = stop();
    expect(await waiting).toMatchObject({ status: 200 });
    expect(await code).toBe(0);
    expect(latchkey.output()).not.toMatch(/took too long to drain/);
  });

  it("waits for a request that is still being sent, and a second signal changes nothing", async () => {
    const body = JSON.stringify({ email: "nobody@example.com", password: "not the password of anybody" });
    const login = await begin(client(), latchkey.origin, body.length);
    login.write(body.slice(0, 10));
    const code = stop();
    await untilRefused(latchkey.port);
    process.kill(latchkey.pid, "SIGTERM");
    process.kill(latchkey.pid, "SIGINT");
    login.end(body.slice(10));
    expect(await answerOf(login)).toMatchObject({ status: 401, connection: "close" });
    expect(await code).toBe(0);
  });

  it("does not wait for ever for a client that never ends its request", async () => {
    const login = await begin(client(), latchkey.origin, 100);
    let cutAt = 0;
    const cut = answerOf(login).catch(({ code }: NodeJS.ErrnoException) => {
      cutAt = performance.now();
      return code;
    });
    const startedAt = performance.now();
    expect(await stop()).toBe(0);
    expect(await cut).toBe("ECONNRESET");
    expect(cutAt - startedAt).toBeLessThan(2 * DRAIN_MS);
    expect(latchkey.output()).toMatch(/"requests":1,.*cut/);
  });
});

type Client = (path: string, options?: RequestOptions) => ClientRequest;

/** Asks again and again, with pauses for half of the visitors, until an answer says that it is the last. */
function visit(ask: Client, index: number): { firstAnswer: Promise<Answer>; lastAnswer: Promise<Answer> } {
  const path = index % 3 === 0 ? "/login" : "/api/auth/session";
  const pauseMs = index % 2 === 0 ? 0 : (LONGEST_PAUSE_MS * index) / CLIENTS;
  const firstAnswer = answerOf(ask(path));
  const untilLast = async () => {
    let answer = await firstAnswer;
    while (answer.connection !== "close") {
      await pause(pauseMs);
      answer = await answerOf(ask(path));
    }
    return answer;
  };
  return { firstAnswer, lastAnswer: untilLast() };
}

/** A login whose head the server has, and whose body it waits for. */
async function begin(ask: Client, origin: string, bodyLength: number): Promise<ClientRequest> {
  const headers = { origin, "content-type": "application/json", "content-length": String(bodyLength) };
  const login = ask("/api/auth/login", { method: "POST", headers: { ...headers, expect: "100-continue" } });
  login.flushHeaders();
  await once(login, "continue");
  return login;
}

interface Answer {
  status: number;
  connection: string | undefined;
  /** Whether it came on a connection that had served a request before. */
  reused: boolean;
  text: string;
}

async function answerOf(outgoing: ClientRequest): Promise<Answer> {
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once("response", resolve).once("error", reject);
    if (outgoing.method === "GET") outgoing.end();
  });
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return {
    status: incoming.statusCode ?? 0,
    connection: incoming.headers.connection,
    reused: outgoing.reusedSocket,
    text: Buffer.concat(chunks).toString(),
  };
}

/** Resolves when nobody takes new connections there any more. */
async function untilRefused(port: number): Promise<void> {
  const isAccepted = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect({ port, host: "localhost" });
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
  while (await isAccepted());
}
