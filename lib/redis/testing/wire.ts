import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A wire to the server at a port of the loopback interface. */
export interface Wire {
  port: number;
  /** How many times something was asked after an answer. */
  roundTrips(): number;
  /** From now on nothing arrives, and nobody is told; connections that were open or are opened meanwhile stay so. */
  swallow(): void;
  /** Connections that are opened from now on carry again; those of before stay silent. */
  pass(): void;
  close(): Promise<void>;
}

export async function openWire(targetPort: number): Promise<Wire> {
  const sockets = new Set<Socket>();
  const silent = new WeakSet<Socket>();
  let isSwallowing = false;
  let trips = 0;
  let isAsking = false;

  const listener = createServer((client) => {
    const server = connect(targetPort, "127.0.0.1");
    carry(client, server, () => {
      if (!isAsking) trips += 1;
      isAsking = true;
    });
    carry(server, client, () => {
      isAsking = false;
    });
  });

  function carry(from: Socket, to: Socket, note: () => void): void {
    sockets.add(from);
    if (isSwallowing) silent.add(from);
    from.on("data", (chunk) => {
      if (silent.has(from)) return;
      note();
      to.write(chunk);
    });
    from.on("error", () => {});
    from.on("close", () => {
      sockets.delete(from);
      if (!silent.has(from)) to.destroy();
    });
  }

  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  return {
    port: (listener.address() as AddressInfo).port,
    roundTrips: () => trips,
    swallow: () => {
      isSwallowing = true;
      for (const socket of sockets) silent.add(socket);
    },
    pass: () => {
      isSwallowing = false;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
