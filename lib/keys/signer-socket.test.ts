import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, test, vi } from "vitest";
import { SIGNER_DEADLINE_MS, SIGNER_GENERATE_MS } from "@/lib/config/durations";
import { openSignerSocket } from "./signer-socket";

const KID = "a".repeat(43);
const DATA = Buffer.from("signed");
const SIGNATURE = Buffer.alloc(64, 7);

let folder: string;
let socketPath: string;
let server: Server;
/** What each request was: method, path and body. */
let asked: string[];
let connections: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "latchkey-signer-"));
  socketPath = join(folder, "signer.sock");
  asked = [];
  connections = 0;
});

afterEach(async () => {
  vi.useRealTimers();
  server?.closeAllConnections();
  server?.close();
  await rm(folder, { recursive: true });
});

/** Somebody who listens there and answers like this. */
async function listen(answer: RequestListener): Promise<void> {
  server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    asked.push(`${request.method} ${request.url} ${Buffer.concat(parts)}`);
    answer(request, response);
  });
  server.on("connection", () => {
    connections += 1;
  });
  server.listen(socketPath);
  await once(server, "listening");
}

const answerJson = (body: unknown, status = 200) =>
  listen((_request, response) => response.writeHead(status).end(JSON.stringify(body)));
const open = () => openSignerSocket(socketPath, "http://localhost:3000");

describe("each call", () => {
  it("lists what the signer holds, and says what of it is ours", async () => {
    const key = { kid: KID, owner: "http://localhost:3000", ageSeconds: 12.5 };
    await answerJson({ id: "one", keys: [key, { ...key, kid: "other", owner: "https://id.example.com" }] });
    expect(await open().list()).toEqual({
      id: "one",
      keys: [expect.objectContaining({ kid: KID, isOurs: true }), expect.objectContaining({ isOurs: false })],
    });
    expect(asked).toEqual(["GET /keys "]);
  });

  it("has a key made in our name", async () => {
    await answerJson({ id: "one", kid: KID, publicJwk: { kty: "EC", crv: "P-256" }, more: 1 }, 201);
    const publicJwk = { kty: "EC", crv: "P-256" };
    expect(await open().generate("ES256")).toEqual({ id: "one", kid: KID, publicJwk });
    expect(asked).toEqual(['POST /keys {"algorithm":"ES256","owner":"http://localhost:3000"}']);
  });

  it("has bytes signed; null says that the signer does not hold the key", async () => {
    await listen(({ url }, response) => {
      if (url === `/keys/${KID}/signatures`) response.end(SIGNATURE);
      else response.writeHead(404).end();
    });
    const signer = open();
    expect(await signer.sign(KID, DATA)).toEqual(SIGNATURE);
    expect(await signer.sign("unknown", DATA)).toBeNull();
    expect(asked[0]).toBe(`POST /keys/${KID}/signatures signed`);
  });

  it("has a key forgotten", async () => {
    await listen((_request, response) => response.writeHead(204).end());
    await open().discard(KID);
    expect(asked).toEqual([`DELETE /keys/${KID} `]);
  });
});

describe("an answer that is none", () => {
  test.each<[string, RequestListener]>([
    ["500", (_request, response) => response.writeHead(500).end()],
    ["a redirect", (_request, response) => response.writeHead(302, { Location: "/" }).end()],
    [
      "cut off",
      (_request, response) =>
        response.writeHead(200, { "Content-Length": 64 }).write("x", () => response.destroy()),
    ],
    ["no HTTP", (_request, response) => response.socket?.end("hello\n")],
    [
      "without an end",
      (_request, response) => {
        const more = () => !response.destroyed && response.write(Buffer.alloc(65_536), more);
        more();
      },
    ],
  ])("%s: every call rejects", async (_name, answer) => {
    await listen(answer);
    const signer = open();
    await expect(signer.list()).rejects.toThrow();
    await expect(signer.generate("ES256")).rejects.toThrow();
    await expect(signer.sign(KID, DATA)).rejects.toThrow();
    await expect(signer.discard(KID)).rejects.toThrow();
  });

  test.each([
    "text",
    {},
    { id: "one" },
    { id: "../one", keys: [] },
    { id: "one", keys: [{ kid: "a b", owner: "o", ageSeconds: 1 }] },
    { id: "one", kid: "../kid", publicJwk: { kty: "EC" } },
    { id: "one", kid: KID, publicJwk: "none" },
  ])("%j is neither a list nor a key", async (body) => {
    await answerJson(body);
    await expect(open().list()).rejects.toThrow();
    await expect(open().generate("ES256")).rejects.toThrow();
  });

  it("nobody listens, or there is no socket", async () => {
    await expect(open().sign(KID, DATA)).rejects.toThrow("ENOENT");
  });
});

describe("the deadline", () => {
  test.each<[string, RequestListener]>([
    ["a signer that says nothing", () => {}],
    ["one that answers a byte at a time", (_request, response) => void response.writeHead(200).write("x")],
  ])("is that of the whole answer: %s", async (_name, answer) => {
    let hear = () => {};
    const isAsked = new Promise<void>((resolve) => {
      hear = resolve;
    });
    await listen((request, response) => {
      answer(request, response);
      hear();
    });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const outcome = open()
      .sign(KID, DATA)
      .catch((error: Error) => error.message);
    await isAsked;
    vi.advanceTimersByTime(SIGNER_DEADLINE_MS);
    expect(await outcome).toBe(`No answer within ${SIGNER_DEADLINE_MS} ms.`);
  });

  it("is further away for making a key", () => {
    expect(SIGNER_GENERATE_MS).toBeGreaterThan(SIGNER_DEADLINE_MS);
  });
});

describe("connections", () => {
  it("are used again, and are not too many", async () => {
    await listen((_request, response) => response.end(SIGNATURE));
    const signer = open();
    await signer.sign(KID, DATA);
    await signer.sign(KID, DATA);
    expect(connections).toBe(1);
    await Promise.all(Array.from({ length: 200 }, () => signer.sign(KID, DATA)));
    expect(connections).toBeLessThanOrEqual(16);
    expect(asked).toHaveLength(202);
  });

  it("that ended as they were used again cost no call", async () => {
    await listen((request, response) => {
      const isFirst = asked.length % 2 === 1;
      if (isFirst) response.end(SIGNATURE);
      // What it was sent next it has not read.
      else request.socket.destroy();
    });
    const signer = open();
    await signer.sign(KID, DATA);
    expect(await signer.sign(KID, DATA)).toEqual(SIGNATURE);
    expect(asked).toHaveLength(3);
  });
});
