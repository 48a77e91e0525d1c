import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import next from "next";
import { DRAIN_MS } from "./lib/config/durations";
import { SettingError } from "./lib/config/setting-error";
import type { Settings } from "./lib/config/settings";
import { SealedBoxError } from "./lib/crypto/sealed-box";
import { problemHeaders, toProblem } from "./lib/errors/problem";
import { prepareFirstAdministrator } from "./lib/identity/first-administrator";
import { NO_CONTENT_CSP } from "./lib/policy/content-security-policy";
import { refusalAtTheDoor, trustedHeaders } from "./lib/policy/front-door";
import { routeFor } from "./lib/policy/routes";
import { SECURITY_HEADERS } from "./lib/policy/security-headers";
import { type Services, services } from "./lib/services";

/** Slow clients are cut off: a request's head and the whole of it have so long to arrive. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const CONNECTIONS_CHECK_MS = 1_000;
const KEEP_ALIVE_MS = 65_000;

const UNPARSED_STATUS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

/** One process of Latchkey: Node's HTTP server, the front door, and Next behind it. */
async function serve(): Promise<void> {
  const latchkey = services();
  const { port, development, origin, bootstrapAdmin } = latchkey.settings;
  await latchkey.start();
  const notice = await prepareFirstAdministrator(latchkey.identity, bootstrapAdmin);
  const server = createServer({
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
  });
  const app = next({
    // Next hangs an upgrade listener on the server it is given, which would pass the front door by. Only hot reload
    // needs one; without any, Node hands an upgrade in as an ordinary request.
    httpServer: development ? server : createServer(),
    dev: development,
    dir: import.meta.dirname,
    port,
    hostname: "localhost",
  });
  await app.prepare();
  const handle = app.getRequestHandler();
  server.on("request", (request, response) => {
    if (!admit(request, response, latchkey.settings)) return;
    handle(request, response).catch((error: unknown) => {
      latchkey.log.error({ err: error }, "a request failed outside of every handler");
      response.destroy();
    });
  });
  server.on("clientError", refuseUnparsed);
  await listen(server, port);
  stopWithLauncher(server, latchkey);
  process.stdout.write(`Latchkey is ready at ${origin}\n`);
  if (notice !== null) process.stdout.write(`${notice}\n`);
  process.send?.({ type: "listening" });
}

/** The front door: security headers on whatever is answered, then only requests with one meaning come in. */
function admit(request: IncomingMessage, response: ServerResponse, settings: Settings): boolean {
  const requestId = randomUUID();
  for (const [name, value] of SECURITY_HEADERS) response.setHeader(name, value);
  response.setHeader("Content-Security-Policy", NO_CONTENT_CSP);
  response.setHeader("X-Request-Id", requestId);
  const { method = "", url: target = "", headers, headersDistinct } = request;
  const valuesOf = (name: string) => headersDistinct[name] ?? [];
  const code = refusalAtTheDoor({ method, target, headers, valuesOf }, settings.origin);
  if (code !== null) {
    const problem = toProblem({ code }, requestId);
    const allow = code === "method_not_allowed" ? routeFor(target.split("?", 1)[0] ?? "").methods : undefined;
    response.writeHead(problem.status, { ...problemHeaders({ code, allow }), Connection: "close" });
    response.end(JSON.stringify(problem));
    return false;
  }
  const socketAddress = request.socket.remoteAddress ?? "";
  request.headers = trustedHeaders(headers, { socketAddress, requestId }, settings);
  return true;
}

/** What Node could not read as a request. 431 and 408 keep their meaning; the rest is 400. One answer a request. */
function refuseUnparsed(error: NodeJS.ErrnoException, socket: Duplex): void {
  const hasAnswered = socket instanceof Socket && socket.bytesWritten > 0;
  if (!socket.writable || hasAnswered || error.code === "ECONNRESET") return void socket.destroy();
  const status = UNPARSED_STATUS[error.code ?? ""] ?? "400 Bad Request";
  const headers = [...SECURITY_HEADERS, ["Content-Security-Policy", NO_CONTENT_CSP], ["Connection", "close"]];
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  socket.end(`HTTP/1.1 ${status}\r\n${lines}Content-Length: 0\r\n\r\n`);
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        error.code === "EADDRINUSE" ? new SettingError(`PORT ${port} is in use by another program.`) : error,
      ),
    );
    server.listen(port, resolve);
  });
}

/** Finishes the requests in flight, then ends: asked to by a signal, or because the launcher is gone. */
function stopWithLauncher(server: Server, latchkey: Services): void {
  let isStopping = false;
  const stop = () => {
    if (isStopping) return;
    isStopping = true;
    setTimeout(() => server.closeAllConnections(), DRAIN_MS).unref();
    server.close(() => void latchkey.stop().finally(() => process.exit(0)));
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  process.on("disconnect", stop);
}

serve().catch((error: unknown) => {
  const isExpected = error instanceof SettingError || error instanceof SealedBoxError;
  process.stderr.write(
    isExpected ? `${error.message}\n` : `${error instanceof Error ? error.stack : error}\n`,
  );
  process.exit(1);
});
