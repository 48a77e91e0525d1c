import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import next from "next";
import { brokenAnswer } from "./app/_http/broken-answer";
import { logConsole } from "./lib/audit/console-log";
import { duringRequest, type RequestScope } from "./lib/audit/request-scope";
import { DRAIN_MS } from "./lib/config/durations";
import { SettingError } from "./lib/config/setting-error";
import type { Settings } from "./lib/config/settings";
import { SealedBoxError } from "./lib/crypto/sealed-box";
import type { ErrorCode } from "./lib/errors/catalogue";
import { admit } from "./lib/http/admit";
import { type Answered, onAnswered } from "./lib/http/answered";
import { Drain } from "./lib/http/drain";
import { refuseUnparsed } from "./lib/http/refuse-unparsed";
import { replaceBroken } from "./lib/http/replace-broken";
import { prepareFirstAdministrator } from "./lib/identity/first-administrator";
import { OTHER } from "./lib/metrics/label-values";
import { type Services, services } from "./lib/services";
import packageFile from "./package.json" with { type: "json" };

/** Slow clients are cut off: a request's head and the whole of it have so long to arrive. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const CONNECTIONS_CHECK_MS = 1_000;
const KEEP_ALIVE_MS = 65_000;

/** Of the time to drain, what is kept to close the database's connections in. */
const CLOSING_MS = 1_000;

/** Machines ask for these all day, and each page for several files. */
const QUIET_ROUTES = new Set(["/healthz", "/readyz", "/metrics", "/_*"]);

type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** One process of Latchkey: Node's HTTP server, the front door, and Next behind it. */
async function serve(): Promise<void> {
  const latchkey = services();
  const { port, development, origin, bootstrapAdmin } = latchkey.settings;
  latchkey.metrics.watchProcess(packageFile.version);
  await latchkey.start();
  const notice = await prepareFirstAdministrator(latchkey.identity, bootstrapAdmin);
  if (!development) logConsole(latchkey.log);
  const server = createServer({
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
  });
  const drain = new Drain(server);
  const handle = await prepareNext(server, latchkey.settings);
  server.on("request", (request, response) => serveRequest(request, response, handle, latchkey, drain));
  server.on("clientError", refuseUnparsed);
  await listen(server, port);
  stopWithLauncher(drain, latchkey);
  process.stdout.write(`Latchkey is ready at ${origin}\n`);
  if (notice !== null) process.stdout.write(`${notice}\n`);
  process.send?.({ type: "listening" });
}

async function prepareNext(server: Server, { development, port }: Settings): Promise<Handle> {
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
  return app.getRequestHandler();
}

/** Every request, from the front door to its line in the log. */
function serveRequest(
  request: IncomingMessage,
  response: ServerResponse,
  handle: Handle,
  latchkey: Services,
  drain: Drain,
): void {
  const { settings } = latchkey;
  const scope = openScope(latchkey, drain);
  drain.watch(response);
  const refusal = admit(request, response, scope.requestId, settings);
  onAnswered(request, response, (answered) => report(answered, refusal, scope, latchkey));
  if (refusal !== null) return;
  // In development Next shows what is broken, and the script that calls an action has its own form of an error.
  const isReplaced = !settings.development && request.headers["next-action"] === undefined;
  if (isReplaced) replaceBroken(response, () => brokenAnswer(request, scope));
  duringRequest(scope, () => latchkey.duringRequest(() => handle(request, response))).catch(
    (error: unknown) => {
      latchkey.log.error(
        { requestId: scope.requestId, err: error },
        "a request failed outside of every handler",
      );
      response.destroy();
    },
  );
}

function openScope({ isOutage }: Services, { isStopping }: Drain): RequestScope {
  let hasOutage = false;
  return {
    requestId: randomUUID(),
    isStopping,
    get hasOutage() {
      return hasOutage;
    },
    failed: (error) => {
      hasOutage ||= isOutage(error);
    },
  };
}

function report(
  { route, method, status, seconds }: Answered,
  refusal: ErrorCode | null,
  { requestId }: RequestScope,
  { log, metrics }: Services,
): void {
  if (refusal !== null) metrics.refusals.inc(refusal);
  // Refused at the door, it has no route: a stranger could otherwise make a time series of each route and refusal.
  metrics.requests.observe({ route: refusal === null ? route : OTHER, method, status }, seconds);
  const level = QUIET_ROUTES.has(route) ? "debug" : "info";
  log[level]({ requestId, method, route, status, durationMs: Math.round(seconds * 1_000) }, "request");
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
function stopWithLauncher(drain: Drain, latchkey: Services): void {
  const stop = async () => {
    if (drain.isStopping) return;
    latchkey.feed.release();
    const delayMs = latchkey.settings.shutdownDelaySeconds * 1_000;
    setTimeout(() => process.exit(1), delayMs + DRAIN_MS).unref();
    const cut = await drain.stop(DRAIN_MS - CLOSING_MS, delayMs);
    if (cut > 0) latchkey.log.warn({ requests: cut }, "requests that took too long to drain were cut");
    await latchkey.stop().catch((error: unknown) => latchkey.log.warn({ err: error }, "not closed cleanly"));
    process.exit(0);
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
