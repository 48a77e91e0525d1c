import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it, test } from "vitest";
import { systemClock } from "@/lib/crypto/clock";
import { openSource } from "./source";

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
}

const JSON_HEADERS = { "Content-Type": "application/json" };

const open = (url: string, maxBytes = 1_000) => openSource({ url, fetch, clock: systemClock, maxBytes });

/** The document; rejects with why there is none. */
async function ask(
  url: string,
  { timeoutMs = 5_000, maxBytes = 1_000 } = {},
  source = open(url, maxBytes),
): Promise<unknown> {
  let told: unknown;
  await source.ask((document) => {
    told = document;
  }, timeoutMs);
  if (source.failures > 0 || source.isClosed) throw source.fault;
  return told;
}

it("reads a document", async () => {
  const url = await serve((_request, response) => {
    response.writeHead(200, { "Content-Type": "application/jwk-set+json; charset=utf-8" });
    response.write('{"a":');
    response.end("1}");
  });
  expect(await ask(url)).toEqual({ a: 1 });
});

it("asks the issuer itself, not a cache on the way", async () => {
  const asked: (string | undefined)[] = [];
  const url = await serve((request, response) => {
    asked.push(request.headers["cache-control"]);
    response.writeHead(200, { ...JSON_HEADERS, "Cache-Control": "public, max-age=300" }).end("{}");
  });
  const source = open(url);
  await ask(url, {}, source);
  await ask(url, {}, source);
  expect(asked).toEqual(["no-cache", "no-cache"]);
});

it("reads one that is exactly as large as may be, and none that is larger by a byte", async () => {
  const body = JSON.stringify("x".repeat(98));
  const url = await serve((_request, response) => response.writeHead(200, JSON_HEADERS).end(body));
  expect(await ask(url, { maxBytes: 100 })).toBe("x".repeat(98));
  await expect(ask(url, { maxBytes: 99 })).rejects.toThrow("larger than 99 bytes");
});

it("follows no redirect", async () => {
  let hits = 0;
  const target = await serve((_request, response) => {
    hits += 1;
    response.writeHead(200, JSON_HEADERS).end("{}");
  });
  for (const status of [301, 302, 303, 307, 308]) {
    const url = await serve((_request, response) => response.writeHead(status, { Location: target }).end());
    await expect(ask(url)).rejects.toThrow();
  }
  expect(hits).toBe(0);
});

describe("an answer that takes too long", () => {
  test.each<[string, RequestListener]>([
    ["is not there", () => undefined],
    ["has no body", (_request, response) => response.writeHead(200, JSON_HEADERS).flushHeaders()],
    [
      "comes byte by byte",
      (_request, response) => {
        response.writeHead(200, JSON_HEADERS);
        const drip = setInterval(() => response.write(" "), 5);
        response.once("close", () => clearInterval(drip));
      },
    ],
  ])("%s", async (_name, answer) => {
    let isLetGo: Promise<unknown> = Promise.resolve();
    const url = await serve((request, response) => {
      isLetGo = new Promise((resolve) => response.once("close", resolve));
      answer(request, response);
    });
    await expect(ask(url, { timeoutMs: 60 })).rejects.toThrow("no answer within 60 ms");
    await isLetGo;
  });
});

describe("an answer that is too large", () => {
  test.each<[string, RequestListener]>([
    ["and has no end", (_request, response) => void sendForever(response)],
    [
      "once it is unpacked",
      (_request, response) => {
        const packed = gzipSync(Buffer.alloc(50_000_000, " "));
        response.writeHead(200, { ...JSON_HEADERS, "Content-Encoding": "gzip" }).end(packed);
      },
    ],
  ])("%s: is read no further", async (_name, answer) => {
    let isLetGo: Promise<unknown> = Promise.resolve();
    const url = await serve((request, response) => {
      isLetGo = new Promise((resolve) => response.once("close", resolve));
      answer(request, response);
    });
    await expect(ask(url)).rejects.toThrow("larger than 1000 bytes");
    await isLetGo;
  });
});

function sendForever(response: Parameters<RequestListener>[1]): void {
  response.writeHead(200, JSON_HEADERS);
  const more = () => {
    while (!response.destroyed && response.write(" ".repeat(16_384)));
  };
  response.on("drain", more);
  more();
}

it("lets go of an answer that it does not want", async () => {
  let isLetGo: Promise<unknown> = Promise.resolve();
  const url = await serve((_request, response) => {
    isLetGo = new Promise((resolve) => response.once("close", resolve));
    response.writeHead(500, JSON_HEADERS).flushHeaders();
  });
  await expect(ask(url)).rejects.toThrow("status 500");
  await isLetGo;
});

it("lets go when it is closed", async () => {
  const url = await serve(() => source.close());
  const source = open(url);
  await expect(ask(url, {}, source)).rejects.toThrow("closed");
  await expect(ask(url, {}, source)).rejects.toThrow("closed");
});

it("says why nobody could be reached", async () => {
  const url = await serve(() => undefined);
  servers.pop()?.close();
  await expect(ask(url)).rejects.toThrow("ECONNREFUSED");
});
