import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export interface OtherSite {
  /** The address of its one page, which is there at every path. */
  url: string;
  /** The paths that were asked for, with their queries. */
  visits: string[];
  close(): void;
}

/** Another site: to a browser `127.0.0.1` and `localhost` are two. */
export async function openOtherSite(body: string): Promise<OtherSite> {
  const visits: string[] = [];
  const server = createServer(({ url = "" }: IncomingMessage, response) => {
    if (url !== "/favicon.ico") visits.push(url);
    response.writeHead(200, { "Content-Type": "text/html" }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${port}/`, visits, close };
}
