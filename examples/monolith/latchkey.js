import { Agent, request } from "node:http";

const { LATCHKEY_PORT = "3000" } = process.env;
const UPSTREAM = { host: "127.0.0.1", port: Number(LATCHKEY_PORT), agent: new Agent({ keepAlive: true }) };
const PATIENCE_MS = 15_000;

/** Of one connection, so not passed on (RFC 9110 section 7.6.1). */
const HOP_BY_HOP = ["connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade"];

/** Passes a request on to Latchkey, and its answer back. */
export function passOn(incoming, response) {
  const { method, url: path } = incoming;
  const outgoing = request({
    ...UPSTREAM,
    method,
    path,
    headers: headersFor(incoming),
    timeout: PATIENCE_MS,
  });
  outgoing.once("response", (answer) => {
    response.writeHead(answer.statusCode, withoutHopByHop(answer.headers));
    answer.pipe(response);
    answer.once("error", () => response.destroy());
  });
  outgoing.once("timeout", () => outgoing.destroy(new Error("no answer in time")));
  outgoing.once("error", () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
  response.once("close", () => outgoing.destroy());
  incoming.pipe(outgoing);
}

/**
 * Who is signed in in the browser that sent this request, or null. `setCookies` belong in the answer to it: they renew
 * the session. Rejects when Latchkey cannot say; nobody is signed out because of that.
 */
export async function whoIs(incoming) {
  const { cookie, ...headers } = headersFor(incoming);
  if (cookie === undefined) return { user: null, setCookies: [] };
  const answer = await ask("/api/auth/session", {
    ...pick(headers, ["host", "user-agent", "x-forwarded-for"]),
    cookie,
  });
  if (answer.status !== 200 && answer.status !== 401) throw new Error(`Latchkey answers ${answer.status}.`);
  const user = answer.status === 200 ? JSON.parse(answer.body).user : null;
  return { user, setCookies: answer.setCookies };
}

/** `Host` as the browser sent it; `X-Forwarded-For` by us alone: what a caller wrote there is gone. */
const headersFor = ({ headers, socket }) => ({
  ...withoutHopByHop(headers),
  "x-forwarded-for": socket.remoteAddress,
});

const withoutHopByHop = (headers) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name)));

const pick = (headers, names) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => names.includes(name)));

function ask(path, headers) {
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...UPSTREAM, path, headers, timeout: PATIENCE_MS }, async (answer) => {
      try {
        const body = (await answer.setEncoding("utf8").toArray()).join("");
        resolve({ status: answer.statusCode, setCookies: answer.headers["set-cookie"] ?? [], body });
      } catch (error) {
        reject(error);
      }
    });
    outgoing.once("timeout", () => outgoing.destroy(new Error("no answer in time")));
    outgoing.once("error", reject).end();
  });
}
