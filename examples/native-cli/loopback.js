import { on, once } from "node:events";
import { createServer } from "node:http";

const PATH = "/callback";

/**
 * Where the browser brings the answer: a port of this device that the system hands out (RFC 8252 section 7.3), open for
 * one sign-in. The address is the literal one: the name `localhost` may lead elsewhere.
 */
export async function openLoopback() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const redirectUri = `http://127.0.0.1:${server.address().port}${PATH}`;
  return {
    redirectUri,
    receive: (state, signal) => receiveAnswer(server, redirectUri, state, signal),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The request that has our `state`. Whatever else calls at this port ends nothing. */
async function receiveAnswer(server, redirectUri, state, signal) {
  for await (const [request, response] of on(server, "request", { signal })) {
    if (isAnswer(request, state)) {
      return { url: new URL(request.url, redirectUri), reply: (text) => reply(response, 200, text) };
    }
    await reply(response, 404, "There is nothing here.");
  }
}

function isAnswer({ url }, state) {
  const [path, query] = url.split("?", 2);
  return path === PATH && new URLSearchParams(query).get("state") === state;
}

function reply(response, status, text) {
  response.writeHead(status, {
    "Content-Type": "text/plain; charset=utf-8",
    "Cache-Control": "no-store",
    Connection: "close",
  });
  return new Promise((resolve) => {
    response.once("close", resolve);
    response.end(text);
  });
}
