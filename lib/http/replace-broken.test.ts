import { once } from "node:events";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { replaceBroken } from "./replace-broken";

/** What Next puts around each response. */
const compression: () => (...exchange: [...Parameters<RequestListener>, () => void]) => void = createRequire(
  import.meta.url,
)("next/dist/compiled/compression");

const BROKEN_BODY = `<html id="broken">${"x".repeat(5_000)}</html>`;
const INSTEAD = "<p>Not available</p>";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function ask(method: "GET" | "HEAD", answer: (response: ServerResponse) => void, isCompressed = false) {
  const server = createServer((request, response) => {
    response.setHeader("X-Request-Id", "r1");
    replaceBroken(response, () => ({
      status: 503,
      headers: { "Content-Type": "text/html", "Retry-After": "2" },
      body: INSTEAD,
    }));
    if (isCompressed) compression()(request, response, () => {});
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.setHeader("Link", "</style.css>; rel=preload");
    response.appendHeader("Set-Cookie", "renewed=1");
    answer(response);
  });
  closers.push(() => server.closeAllConnections());
  await once(server.listen(0, "127.0.0.1"), "listening");
  const answered = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { method });
  return { status: answered.status, headers: answered.headers, text: await answered.text() };
}

const WAYS: [string, (response: ServerResponse) => void][] = [
  [
    "flushed, then streamed",
    (response) => {
      response.statusCode = 500;
      response.flushHeaders();
      response.write(BROKEN_BODY);
      response.end();
    },
  ],
  [
    "streamed",
    (response) => {
      response.statusCode = 500;
      response.write(BROKEN_BODY);
      response.end(BROKEN_BODY);
    },
  ],
  [
    "sent at once",
    (response) => {
      response.statusCode = 500;
      response.end(BROKEN_BODY);
    },
  ],
  [
    "with a head of its own",
    (response) => {
      response.writeHead(500, { "Content-Length": BROKEN_BODY.length });
      response.end(BROKEN_BODY);
    },
  ],
  [
    "streamed with pauses",
    (response) => {
      response.statusCode = 500;
      response.write(BROKEN_BODY);
      setImmediate(() => {
        response.write(BROKEN_BODY);
        setImmediate(() => response.end());
      });
    },
  ],
];

describe.each([
  ["plain", false],
  ["compressed", true],
])("a broken answer, %s", (_name, isCompressed) => {
  it.each(WAYS)("is replaced as a whole: %s", async (_way, answer) => {
    const { status, headers, text } = await ask("GET", answer, isCompressed);
    expect(status).toBe(503);
    expect(text).toBe(INSTEAD);
    expect(Object.fromEntries(headers)).toMatchObject({
      "content-type": "text/html",
      "content-length": String(INSTEAD.length),
      "retry-after": "2",
      "set-cookie": "renewed=1",
      "x-request-id": "r1",
    });
    expect(headers.has("link")).toBe(false);
    expect(headers.has("content-encoding")).toBe(false);
  });

  it("has a head alone where nothing else was asked for", async () => {
    const [, answer] = WAYS[0] as (typeof WAYS)[number];
    const { status, headers, text } = await ask("HEAD", answer, isCompressed);
    expect({ status, text, length: headers.get("content-length") }).toEqual({
      status: 503,
      text: "",
      length: String(INSTEAD.length),
    });
  });

  it("is not what any other answer is", async () => {
    const { status, headers, text } = await ask(
      "GET",
      (response) => {
        response.statusCode = 404;
        response.write(BROKEN_BODY);
        response.end("!");
      },
      isCompressed,
    );
    expect({ status, text, link: headers.has("link") }).toEqual({
      status: 404,
      text: `${BROKEN_BODY}!`,
      link: true,
    });
  });

  it("stays what it is once its head has left", async () => {
    const { status, text } = await ask(
      "GET",
      (response) => {
        response.flushHeaders();
        response.statusCode = 500;
        response.end("late");
      },
      isCompressed,
    );
    expect({ status, text }).toEqual({ status: 200, text: "late" });
  });
});
