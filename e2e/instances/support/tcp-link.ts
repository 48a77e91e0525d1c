import { connect, createServer, type Socket } from "node:net";
import { freePort } from "../../support/free-port";

/** A wire between a program and a real server, which can be slow, silent or cut. It passes at first. */
export interface TcpLink {
  port: number;
  /** As if it were not there. A connection that has lost bytes is closed. */
  pass(): Promise<void>;
  /** Each byte arrives this much later, in both directions. */
  delay(ms: number): Promise<void>;
  /** Connections stay open and can be opened, and nothing arrives on either side. */
  hang(): Promise<void>;
  /** Connections are closed, and none can be opened. */
  refuse(): Promise<void>;
  /**
   * The next bytes from the server that match are not delivered: their connection closes instead, and from then on the
   * link refuses. So the server has done what it was asked, and the program cannot know. Resolves when it has happened.
   */
  refuseInsteadOf(answer: RegExp): Promise<void>;
  /** The same on the way to the server: what matches never reaches it. */
  refuseBefore(question: RegExp): Promise<void>;
  close(): Promise<void>;
}

type Mode = { kind: "pass"; delayMs: number } | { kind: "hang" } | { kind: "refuse" };
type Direction = "question" | "answer";

interface Trap {
  direction: Direction;
  pattern: RegExp;
  sprung(): void;
}

/** One connection through the link. */
interface Wire {
  sockets: [Socket, Socket];
  hasLostBytes: boolean;
}

/** Opens a link to the server at this port of the loopback interface. */
export async function openTcpLink(targetPort: number): Promise<TcpLink> {
  const port = await freePort();
  const wires = new Set<Wire>();
  let mode: Mode = { kind: "pass", delayMs: 0 };
  let trap: Trap | null = null;

  const listener = createServer((client) => {
    const server = connect({ port: targetPort, host: "127.0.0.1" });
    const wire: Wire = { sockets: [client, server], hasLostBytes: false };
    wires.add(wire);
    carry(wire, client, server, "question");
    carry(wire, server, client, "answer");
  });

  function carry(wire: Wire, from: Socket, to: Socket, direction: Direction): void {
    const queue = inOrder((chunk) => to.writable && to.write(chunk));
    from.setNoDelay(true);
    from.on("data", (chunk) => {
      if (trap?.direction === direction && trap.pattern.test(chunk.toString("latin1"))) return spring(trap);
      if (mode.kind === "pass") queue(chunk, mode.delayMs);
      else wire.hasLostBytes = true;
    });
    from.on("error", () => {});
    from.on("close", () => {
      wires.delete(wire);
      to.destroy();
    });
  }

  function spring({ sprung }: Trap): void {
    trap = null;
    void become({ kind: "refuse" }).then(sprung);
  }

  async function become(next: Mode): Promise<void> {
    mode = next;
    for (const wire of wires) {
      const isOver = next.kind === "refuse" || (next.kind === "pass" && wire.hasLostBytes);
      if (isOver) for (const socket of wire.sockets) socket.destroy();
    }
    if (next.kind === "refuse") return unlisten();
    if (!listener.listening) await listen();
  }

  const listen = () => new Promise<void>((resolve) => listener.listen(port, "127.0.0.1", resolve));
  const unlisten = () => new Promise<void>((resolve) => listener.close(() => resolve()));
  const set = (direction: Direction, pattern: RegExp) =>
    new Promise<void>((sprung) => {
      trap = { direction, pattern, sprung };
    });

  await listen();
  return {
    port,
    pass: () => become({ kind: "pass", delayMs: 0 }),
    delay: (delayMs) => become({ kind: "pass", delayMs }),
    hang: () => become({ kind: "hang" }),
    refuse: () => become({ kind: "refuse" }),
    refuseInsteadOf: (answer) => set("answer", answer),
    refuseBefore: (question) => set("question", question),
    close: () => become({ kind: "refuse" }),
  };
}

/** Delivers each chunk once its delay is over, and never before one that came earlier. */
function inOrder(deliver: (chunk: Buffer) => void): (chunk: Buffer, delayMs: number) => void {
  const waiting: { chunk: Buffer; dueAt: number }[] = [];
  const next = (): void => {
    const [first] = waiting;
    if (first === undefined) return;
    const remainingMs = first.dueAt - performance.now();
    if (remainingMs > 0) return void setTimeout(next, remainingMs);
    deliver(first.chunk);
    waiting.shift();
    next();
  };
  return (chunk, delayMs) => {
    if (delayMs === 0 && waiting.length === 0) return deliver(chunk);
    waiting.push({ chunk, dueAt: performance.now() + delayMs });
    if (waiting.length === 1) next();
  };
}
