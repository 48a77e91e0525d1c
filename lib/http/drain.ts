import type { Server, ServerResponse } from "node:http";
import { Server as NetServer, type Socket } from "node:net";
import { setImmediate as nextTurn, setTimeout as wait } from "node:timers/promises";

/** A request may be on its way on a connection that looks idle here. */
const IDLE_GRACE_MS = 1_000;

/** So long at most, connections go on to be taken because there is always one more. */
const LAST_ARRIVALS_MS = 1_000;

/**
 * Ends an HTTP server without cutting an answer. Until it is told to stop it only counts; then the connections that
 * are open are served to the end, and each answer says that it is the last on its connection.
 */
export class Drain {
  readonly #connections = new Set<Socket>();
  readonly #unanswered = new Set<ServerResponse>();
  #stopped: Promise<number> | null = null;

  constructor(
    private readonly server: Server,
    private readonly idleGraceMs: number = IDLE_GRACE_MS,
  ) {
    server.on("connection", (socket: Socket) => {
      this.#connections.add(socket);
      socket.once("close", () => this.#connections.delete(socket));
    });
  }

  get isStopping(): boolean {
    return this.#stopped !== null;
  }

  /** Hand in each response before anything is written to it. */
  watch(response: ServerResponse): void {
    this.#unanswered.add(response);
    response.once("close", () => this.#unanswered.delete(response));
    if (this.isStopping) announceEnd(response);
  }

  /**
   * Goes on for `delayMs`, then takes no new connections, and resolves when the open ones have ended: with the number
   * of requests that had to be cut because they took longer than `patienceMs`. Asking again changes nothing.
   */
  stop(patienceMs: number, delayMs = 0): Promise<number> {
    this.#stopped ??= this.#stop(patienceMs, delayMs);
    return this.#stopped;
  }

  async #stop(patienceMs: number, delayMs: number): Promise<number> {
    let cut = 0;
    if (delayMs > 0) await wait(delayMs);
    const patience = setTimeout(() => {
      cut = this.#unanswered.size;
      this.server.closeAllConnections();
    }, patienceMs);
    for (const response of this.#unanswered) announceEnd(response);
    // Whoever was told before that the connection stays open may use it once more.
    this.server.keepAliveTimeout = this.idleGraceMs;
    const closed = await closeDoor(this.server);
    const grace = setTimeout(() => this.#closeIdle(), this.idleGraceMs);
    await closed.whenEmpty;
    clearTimeout(grace);
    clearTimeout(patience);
    return cut;
  }

  /** Node does not count a connection as idle on which nothing has come yet, such as browsers open ahead of need. */
  #closeIdle(): void {
    this.server.closeIdleConnections();
    for (const socket of this.#connections) if (socket.bytesRead === 0) socket.destroy();
  }
}

function announceEnd(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader("Connection", "close");
}

/**
 * Stops listening; `whenEmpty` resolves when the last connection has ended. The system has completed connections that
 * Node has not taken yet, one a turn of its loop, and would reset them, sent requests included: they are all let in
 * first, and served once the door is closed.
 */
async function closeDoor(server: Server): Promise<{ whenEmpty: Promise<void> }> {
  const serve = server.listeners("connection") as ((socket: Socket) => void)[];
  const waiting: Socket[] = [];
  server.removeAllListeners("connection").on("connection", (socket: Socket) => waiting.push(socket));
  await untilNoneComes(waiting);
  // As net closes; http would reset the idle connections at once.
  const whenEmpty = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()));
  server.removeAllListeners("connection");
  for (const listener of serve) server.on("connection", listener);
  for (const socket of waiting) server.emit("connection", socket);
  return { whenEmpty };
}

async function untilNoneComes(waiting: readonly Socket[]): Promise<void> {
  const deadline = performance.now() + LAST_ARRIVALS_MS;
  await nextTurn();
  let before: number;
  do {
    before = waiting.length;
    await nextTurn();
  } while (waiting.length > before && performance.now() < deadline);
}
