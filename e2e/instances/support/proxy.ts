import { Agent, createServer, type IncomingMessage, type OutgoingHttpHeaders, request } from "node:http";
import { type Answer, exchange, type RequestOptions, type Server } from "./exchange";

/** A reverse proxy on this machine that sends each request to the next of several servers. */
export interface RunningProxy extends Server {
  close(): Promise<void>;
}

/** The header in which it says which port answered. */
export const ANSWERED_BY = "x-answered-by";

const REPEATABLE = new Set(["GET", "HEAD"]);

/**
 * Listens at the port of `origin`. As proxies do by default: a server that cannot be reached is passed over, a request
 * that was lost on the way is sent again only if that is harmless, and what is left is 502.
 */
export async function startProxy(origin: string, ports: readonly number[]): Promise<RunningProxy> {
  const agent = new Agent({ keepAlive: true });
  let turn = 0;

  async function answer(incoming: IncomingMessage): Promise<Reply> {
    const body = await readAll(incoming);
    turn += 1;
    const first = turn;
    for (const next of ports.keys()) {
      const port = ports[(first + next) % ports.length] ?? 0;
      const outcome = await forward(incoming, body, port, agent);
      if (outcome !== "unreachable" && outcome !== "lost") return outcome;
      if (outcome === "lost" && !REPEATABLE.has(incoming.method ?? "")) break;
    }
    return { status: 502, headers: {}, body: Buffer.alloc(0) };
  }

  // Never the one to end an idle connection: a client would lose what it sends just then.
  const server = createServer({ keepAliveTimeout: 0 }, async (incoming, response) => {
    const { status, headers, body } = await answer(incoming);
    response.writeHead(status, headers).end(body);
  });
  const { port, host } = new URL(origin);
  await new Promise<void>((resolve) => server.listen(Number(port), "127.0.0.1", resolve));
  const clients = new Agent({ keepAlive: true });
  return {
    origin,
    request: (method: string, path: string, options: RequestOptions = {}): Promise<Answer> =>
      exchange({ port: Number(port), host, method, path }, { agent: clients, ...options }),
    close: () => {
      clients.destroy();
      agent.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

interface Reply {
  status: number;
  headers: OutgoingHttpHeaders;
  body: Buffer;
}

function forward(
  incoming: IncomingMessage,
  body: Buffer,
  port: number,
  agent: Agent,
): Promise<Reply | "unreachable" | "lost"> {
  const { method, url: path, headers, socket } = incoming;
  const forwardedFor = [headers["x-forwarded-for"] ?? [], socket.remoteAddress ?? ""].flat().join(", ");
  return new Promise((resolve) => {
    const outgoing = request({
      agent,
      host: "127.0.0.1",
      port,
      method,
      path,
      headers: { ...headers, "x-forwarded-for": forwardedFor },
    });
    outgoing.once("error", (error: NodeJS.ErrnoException) =>
      resolve(error.code === "ECONNREFUSED" ? "unreachable" : "lost"),
    );
    outgoing.once("response", (reply) => {
      const { statusCode: status = 0, headers: fields } = reply;
      readAll(reply).then(
        (content) => resolve({ status, headers: { ...fields, [ANSWERED_BY]: String(port) }, body: content }),
        () => resolve("lost"),
      );
    });
    outgoing.end(body);
  });
}

async function readAll(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  return Buffer.concat(chunks);
}
