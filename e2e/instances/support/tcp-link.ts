import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { freePort } from "../../support/free-port";

/** A wire between a program and a real server, which can be slow, silent or cut. It passes at first. */
export interface TcpLink {
  port: number;
  /** As if it were not there. What a silence has held back arrives now. */
  pass(): Promise<void>;
  /** Each byte arrives this much later, in both directions. */
  delay(ms: number): Promise<void>;
  /** Connections stay open and can be opened, and nothing arrives on either side until it passes again. */
  hang(): Promise<void>;
  /** Connections are closed, and none can be opened. */
  refuse(): Promise<void>;
  /** Refuses as soon as bytes that match come from the program; they do not reach the server. */
  refuseAt(question: RegExp): Promise<void>;
  /**
   * Refuses as soon as bytes that match come from the server; they do not reach the program. So the server has done what
   * it was asked, and the program cannot know.
   */
  refuseAtAnswer(answer: RegExp): Promise<void>;
  /** Hangs as soon as bytes that match come from the program; they are the first that are held back. */
  hangAt(question: RegExp): Promise<void>;
  close(): Promise<void>;
}

type Mode = { kind: "pass"; delayMs: number } | { kind: "hang" } | { kind: "refuse" };
type Direction = "question" | "answer";

interface Trap {
  direction: Direction;
  pattern: RegExp;
  next: Mode;
  sprung(): void;
}

/** One direction of one connection. Null: the sender has closed it. */
interface Lane {
  send(chunk: Buffer | null): void;
  /** Delivers what may arrive by now. */
  pump(): void;
}

/** Opens a link to the server at this port of the loopback interface. */
export async function openTcpLink(targetPort: number): Promise<TcpLink> {
  const port = await freePort();
  const sockets = new Set<Socket>();
  /** Those of connections that the sender has closed too, until all of it is delivered. */
  const lanes = new Set<Lane>();
  let mode: Mode = { kind: "pass", delayMs: 0 };
  let trap: Trap | null = null;

  const listener = createServer((client) => {
    const server = connect({ port: targetPort, host: "127.0.0.1" });
    carry(client, server, "question");
    carry(server, client, "answer");
  });

  function carry(from: Socket, to: Socket, direction: Direction): void {
    const lane = openLane(
      to,
      () => mode,
      () => lanes.delete(lane),
    );
    sockets.add(from);
    lanes.add(lane);
    from.setNoDelay(true);
    from.on("data", (chunk) => {
      if (trap?.direction === direction && trap.pattern.test(chunk.toString("latin1"))) spring(trap);
      lane.send(chunk);
    });
    from.on("error", () => {});
    from.on("close", () => {
      sockets.delete(from);
      lane.send(null);
    });
  }

  function spring({ next, sprung }: Trap): void {
    trap = null;
    void become(next).then(sprung);
  }

  async function become(next: Mode): Promise<void> {
    mode = next;
    if (next.kind === "refuse") {
      for (const socket of sockets) socket.destroy();
      lanes.clear();
      return unlisten();
    }
    for (const lane of lanes) lane.pump();
    if (!listener.listening) await listen();
  }

  /** Rejects when somebody else has taken the port meanwhile. */
  async function listen(): Promise<void> {
    listener.listen(port, "127.0.0.1");
    await once(listener, "listening");
  }

  const unlisten = () => new Promise<void>((resolve) => listener.close(() => resolve()));
  const set = (direction: Direction, pattern: RegExp, next: Mode) =>
    new Promise<void>((sprung) => {
      trap = { direction, pattern, next, sprung };
    });

  await listen();
  return {
    port,
    pass: () => become({ kind: "pass", delayMs: 0 }),
    delay: (delayMs) => become({ kind: "pass", delayMs }),
    hang: () => become({ kind: "hang" }),
    refuse: () => become({ kind: "refuse" }),
    refuseAt: (question) => set("question", question, { kind: "refuse" }),
    refuseAtAnswer: (answer) => set("answer", answer, { kind: "refuse" }),
    hangAt: (question) => set("question", question, { kind: "hang" }),
    close: () => become({ kind: "refuse" }),
  };
}

function openLane(to: Socket, mode: () => Mode, ended: () => void): Lane {
  const waiting: { chunk: Buffer | null; arrivedAt: number }[] = [];
  const deliver = (chunk: Buffer | null) => {
    if (chunk === null) {
      to.end();
      ended();
    } else if (to.writable) to.write(chunk);
  };
  const pump = (): void => {
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      const now = mode();
      if (now.kind !== "pass") return;
      const remainingMs = first.arrivedAt + now.delayMs - performance.now();
      if (remainingMs > 0) return void setTimeout(pump, remainingMs);
      waiting.shift();
      deliver(first.chunk);
    }
  };
  return {
    send: (chunk) => {
      waiting.push({ chunk, arrivedAt: performance.now() });
      pump();
    },
    pump,
  };
}
