import type { RequestListener } from "node:http";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { FetchRefusedError } from "./fetch-refused-error";
import type { FetchOptions } from "./outbound-request";
import { postForm } from "./post-form";
import { startServer } from "./testing/answering-server";

const SHORT_MS = 100;
const LONG_MS = 600_000;
const MARK = "what-an-internal-server-said";
const ACCEPTED = { accepted: true };

type Outcome = typeof ACCEPTED | { message: string; status: number | null };

async function outcomeOf(url: string, options: Partial<FetchOptions> = {}): Promise<Outcome> {
  try {
    await postForm(url, { logout_token: "a.b.c" }, { privateHosts: [], ...options });
    return ACCEPTED;
  } catch (error) {
    if (!(error instanceof FetchRefusedError)) throw error;
    const { message, status } = error;
    expect(message).not.toContain(MARK);
    return { message, status };
  }
}

/** What comes of posting to an allowed server that answers like this, whose connection is closed afterwards. */
async function outcomeAt(listener: RequestListener, options: Partial<FetchOptions> = {}): Promise<Outcome> {
  const server = await startServer(listener);
  const outcome = await outcomeOf(`http://${server.host}/`, { privateHosts: [server.host], ...options });
  await server.quiet();
  expect(server.connectionCount()).toBe(1);
  return outcome;
}

const refused = (pattern: RegExp, status: number | null = null) => ({
  message: expect.stringMatching(pattern),
  status,
});

describe("a form", () => {
  it("arrives as it is, from a request that has nothing in it of who sends it", async () => {
    const bodies: string[] = [];
    const server = await startServer(async (request, response) => {
      bodies.push(await text(request));
      response.end();
    });
    const form = { logout_token: "a.b-c_d", note: "a b&c=d+é" };
    await postForm(`http://${server.host}/logout?tenant=1`, form, { privateHosts: [server.host] });
    const [body = ""] = bodies;
    expect(Object.fromEntries(new URLSearchParams(body))).toEqual(form);
    const [request] = server.requests;
    expect([request?.method, request?.url]).toEqual(["POST", "/logout?tenant=1"]);
    expect(request?.headers).toEqual({
      host: server.host,
      "content-type": "application/x-www-form-urlencoded",
      "content-length": String(body.length),
      "accept-encoding": "identity",
      connection: "close",
    });
  });

  it.each([200, 204])("is accepted with the status %d", async (status) => {
    expect(await outcomeAt((_request, response) => response.writeHead(status).end())).toEqual(ACCEPTED);
  });

  it("is accepted whatever else is answered, which is neither read nor waited for", async () => {
    const endless: RequestListener = (_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write(MARK)) {}
      };
      response.writeHead(200, { "Content-Type": "text/html", "Content-Encoding": "gzip" }).on("drain", more);
      more();
    };
    const held: RequestListener = (_request, response) => response.writeHead(200).write(MARK);
    for (const listener of [endless, held]) {
      expect(await outcomeAt(listener, { deadlineMs: LONG_MS })).toEqual(ACCEPTED);
    }
  });

  it.each([201, 202, 206, 400, 401, 404, 429, 500, 503])("is refused with the status %d", async (status) => {
    const answer: RequestListener = (_request, response) => response.writeHead(status).end(MARK);
    expect(await outcomeAt(answer)).toEqual(refused(/the status/, status));
  });

  it.each([301, 302, 303, 307, 308])("goes nowhere else by the redirect %d", async (status) => {
    const target = await startServer((_request, response) => response.end());
    const answer: RequestListener = (_request, response) =>
      response.writeHead(status, { Location: `http://${target.host}/` }).end();
    expect(await outcomeAt(answer, { privateHosts: ["127.0.0.1"] })).toEqual(refused(/redirect/, status));
    expect(target.connectionCount()).toBe(0);
  });

  it("is not accepted by who does not answer in time", async () => {
    expect(await outcomeAt(() => {}, { deadlineMs: SHORT_MS })).toEqual(
      refused(/did not answer within 100 ms/),
    );
  });

  it("is not accepted by nobody", async () => {
    expect(await outcomeOf("http://127.0.0.1:1/", { privateHosts: ["127.0.0.1"] })).toEqual(
      refused(/^127\.0\.0\.1:1 could not be asked: ECONNREFUSED\.$/),
    );
  });
});

describe("a private address", () => {
  it("gets no form, by whatever name, nor does a public one over http", async () => {
    const server = await startServer((_request, response) => response.end());
    const resolve = async () => [{ address: "127.0.0.1", family: 4 }];
    for (const host of ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "app.example.com"]) {
      const url = `https://${host}:${server.port}/`;
      expect(await outcomeOf(url, { resolve })).toEqual(refused(/not on the public internet/));
    }
    expect(await outcomeOf(`http://app.example.com:${server.port}/`, { resolve })).toEqual(refused(/https/));
    expect(server.connectionCount()).toBe(0);
  });
});
