import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What somebody on the way between two services reads of a request. */
export interface Heard {
  authorization: string;
  dpop: string;
}

export interface Eavesdropper {
  origin: string;
  /** Of each request, the latest last. */
  heard: Heard[];
  close(): void;
}

/** Passes on the requests for a service, which is at this port, and its answers. */
export async function startEavesdropper(port: number): Promise<Eavesdropper> {
  const heard: Heard[] = [];
  const server = createServer(async ({ method = "", url = "", headers }, response) => {
    const credentials = { authorization: headers.authorization ?? "", dpop: String(headers.dpop ?? "") };
    heard.push(credentials);
    const answer = await fetch(`http://localhost:${port}${url}`, { method, headers: { ...credentials } });
    const challenge = answer.headers.get("www-authenticate");
    response.writeHead(answer.status, challenge === null ? {} : { "www-authenticate": challenge });
    response.end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port: own } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${own}`,
    heard,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
