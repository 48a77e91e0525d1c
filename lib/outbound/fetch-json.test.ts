import { execFile } from "node:child_process";
import type { LookupAddress } from "node:dns";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { getDefaultAutoSelectFamily, setDefaultAutoSelectFamily } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { fetchJson } from "./fetch-json";
import { FetchRefusedError } from "./fetch-refused-error";
import type { FetchOptions } from "./outbound-request";
import { isPublicAddress } from "./public-address";
import { startServer } from "./testing/answering-server";
import { LOCALHOST_CERTIFICATE } from "./testing/certificate";

const KIB = 1024;
const SHORT_MS = 100;
const MARK = "what-an-internal-server-said";

const JSON_HEADERS = { "Content-Type": "application/json" };

const json =
  (body: string | Buffer, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) =>
    response.writeHead(200, { ...JSON_HEADERS, ...headers }).end(body);

/** The document, or the sentence with which it was refused. */
async function outcomeOf(url: string, options: Partial<FetchOptions> = {}): Promise<unknown> {
  try {
    return await fetchJson(url, { privateHosts: [], ...options });
  } catch (error) {
    if (!(error instanceof FetchRefusedError)) throw error;
    expect(JSON.stringify([error.message, error.cause, { ...error }])).not.toContain(MARK);
    return error.message;
  }
}

/** What comes of asking an allowed server that answers like this, whose connection is closed afterwards. */
async function outcomeAt(listener: RequestListener, options: Partial<FetchOptions> = {}): Promise<unknown> {
  const server = await startServer(listener);
  const outcome = await outcomeOf(`http://${server.host}/jwks`, { privateHosts: [server.host], ...options });
  await server.quiet();
  expect(server.connectionCount()).toBe(1);
  return outcome;
}

/** The addresses of a name, as soon as they are told. */
function heldAddresses() {
  let resolve: (addresses: LookupAddress[]) => void = () => {};
  const promise = new Promise<LookupAddress[]>((tell) => {
    resolve = tell;
  });
  return { promise, resolve };
}

/** Sockets ask for all addresses of a name, or for one, as Node is told. */
async function inBothWays(work: () => Promise<void>): Promise<void> {
  const asBefore = getDefaultAutoSelectFamily();
  onTestFinished(() => setDefaultAutoSelectFamily(asBefore));
  for (const isAll of [true, false]) {
    setDefaultAutoSelectFamily(isAll);
    await work();
  }
}

describe("a document that is what it should be", () => {
  it.each([
    "application/json",
    "application/json; charset=utf-8",
    "Application/JSON",
    "application/jwk-set+json",
    "application/vnd.a-b.c+json;v=1",
  ])("is taken as %s", async (type) => {
    expect(await outcomeAt(json('{"keys":[]}', { "Content-Type": type }))).toEqual({ keys: [] });
  });

  it("is asked for by a request that has nothing in it of who asks", async () => {
    const server = await startServer(json("{}"));
    await outcomeOf(`http://${server.host}/jwks?v=1`, { privateHosts: ["127.0.0.1"] });
    const [request] = server.requests;
    expect([request?.method, request?.url]).toEqual(["GET", "/jwks?v=1"]);
    expect(request?.headers).toEqual({
      host: server.host,
      accept: "application/json, application/jwk-set+json",
      "accept-encoding": "identity",
      connection: "close",
    });
  });

  it("is taken without an encoding, which may be said", async () => {
    expect(await outcomeAt(json("{}", { "Content-Encoding": "identity" }))).toEqual({});
  });

  it("has a connection of its own each time", async () => {
    const server = await startServer(json("{}"));
    const options = { privateHosts: [server.host] };
    await Promise.all([1, 2].map(() => outcomeOf(`http://${server.host}/`, options)));
    await outcomeOf(`http://${server.host}/`, options);
    await server.quiet();
    expect(server.connectionCount()).toBe(3);
  });

  it("comes from the host that the setting names, wherever that is resolved to", async () => {
    const server = await startServer(json('{"a":1}'));
    const asked: string[] = [];
    const resolve = async (hostname: string) => {
      asked.push(hostname);
      return [{ address: "127.0.0.1", family: 4 }];
    };
    const url = `http://keys.internal:${server.port}/`;
    expect(await outcomeOf(url, { privateHosts: ["keys.internal"], resolve })).toEqual({ a: 1 });
    expect(asked).toEqual(["keys.internal"]);
    expect(server.requests[0]?.headers.host).toBe(`keys.internal:${server.port}`);
  });
});

describe("a document that takes too long", () => {
  const TOO_LATE = expect.stringMatching(/did not answer within 100 ms/);
  const tooLate = (listener: RequestListener) => outcomeAt(listener, { deadlineMs: SHORT_MS });

  it("is not waited for when nothing is answered", async () => {
    expect(await tooLate(() => {})).toEqual(TOO_LATE);
  });

  it("is not waited for when the headers come one byte at a time", async () => {
    const drip: RequestListener = ({ socket }) => {
      socket.write("HTTP/1.1 200 OK\r\nX-Slow: ");
      const timer = setInterval(() => socket.write("a"), 10);
      socket.on("close", () => clearInterval(timer));
    };
    expect(await tooLate(drip)).toEqual(TOO_LATE);
  });

  it("is not waited for when the answer is put off again and again (RFC 9110 section 15.2)", async () => {
    const putOff: RequestListener = ({ socket }) => {
      const timer = setInterval(() => socket.write("HTTP/1.1 102 Processing\r\n\r\n"), 10);
      socket.on("close", () => clearInterval(timer));
    };
    expect(await tooLate(putOff)).toEqual(TOO_LATE);
  });

  it("is not waited for when the body stops", async () => {
    expect(await tooLate((_request, response) => response.writeHead(200, JSON_HEADERS).write("{"))).toEqual(
      TOO_LATE,
    );
  });

  it("is not waited for when the body comes one byte at a time", async () => {
    const drip: RequestListener = (_request, response) => {
      response.writeHead(200, JSON_HEADERS);
      const timer = setInterval(() => response.write(" "), 10);
      response.on("close", () => clearInterval(timer));
    };
    expect(await tooLate(drip)).toEqual(TOO_LATE);
  });

  it("is not waited for when its host's name is not resolved, and not asked for when it is later", async () => {
    const server = await startServer(json("{}"));
    const resolved = heldAddresses();
    const host = `keys.internal:${server.port}`;
    const options = { privateHosts: [host], deadlineMs: SHORT_MS, resolve: () => resolved.promise };
    expect(await outcomeOf(`http://${host}/`, options)).toEqual(TOO_LATE);
    resolved.resolve([{ address: "127.0.0.1", family: 4 }]);
    // One connection later, the other would have been there.
    await outcomeOf(`http://${server.host}/`, { privateHosts: [server.host] });
    expect(server.connectionCount()).toBe(1);
  });
});

describe("a document that is too large", () => {
  const TOO_LARGE = expect.stringMatching(/more than 64 KiB/);
  const ofBytes = (size: number) => Buffer.from(`{"a":"${"x".repeat(size - 8)}"}`);
  const chunked = (body: Buffer): RequestListener => {
    return (_request, response) => {
      response.writeHead(200, JSON_HEADERS).write(body.subarray(0, 10));
      response.end(body.subarray(10));
    };
  };

  it("is one with a byte more than 64 KiB", async () => {
    for (const listener of [json, chunked]) {
      expect(await outcomeAt(listener(ofBytes(64 * KIB)))).toMatchObject({ a: expect.any(String) });
      expect(await outcomeAt(listener(ofBytes(64 * KIB + 1)))).toEqual(TOO_LARGE);
    }
  });

  it("may be one of 10 MiB", async () => {
    for (const listener of [json, chunked]) {
      expect(await outcomeAt(listener(ofBytes(10 * KIB * KIB)))).toEqual(TOO_LARGE);
    }
  });

  it("need not have an end", async () => {
    const endless: RequestListener = (_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write(" ".repeat(16 * KIB))) {}
      };
      response.writeHead(200, JSON_HEADERS).on("drain", more);
      more();
    };
    expect(await outcomeAt(endless)).toEqual(TOO_LARGE);
  });

  it("is one whose headers are", async () => {
    expect(await outcomeAt(json("{}", { "X-Large": "x".repeat(64 * KIB) }))).toMatch(/HPE_HEADER_OVERFLOW/);
  });
});

describe("an answer that is none", () => {
  const answer =
    (status: number, headers: Record<string, string>): RequestListener =>
    (_request, response) =>
      response
        .writeHead(status, headers)
        .end(status === 204 || status === 304 ? undefined : `{"a":"${MARK}"}`);

  it.each([201, 203, 204, 206, 400, 401, 403, 404, 410, 429, 500, 503])(
    "has the status %d",
    async (status) => {
      expect(await outcomeAt(answer(status, JSON_HEADERS))).toMatch(new RegExp(`the status ${status}\\.`));
    },
  );

  it("is not read, nor waited for", async () => {
    const held: RequestListener = (_request, response) => response.writeHead(500).write(MARK);
    expect(await outcomeAt(held, { deadlineMs: 600_000 })).toMatch(/the status 500/);
  });

  it.each([300, 301, 302, 303, 304, 307, 308])("is the redirect %d, wherever it leads", async (status) => {
    const target = await startServer(json("{}"));
    const Location = `http://${target.host}/latest/meta-data`;
    const options = { privateHosts: ["127.0.0.1"] };
    expect(await outcomeAt(answer(status, { ...JSON_HEADERS, Location }), options)).toMatch(/redirect/);
    expect(target.connectionCount()).toBe(0);
  });

  it.each([
    "text/html",
    "text/html; charset=application/json",
    "text/plain",
    "text/json",
    "application/jsonp",
    "application/json+xml",
    "application/octet-stream",
    "",
  ])("says that it is %j", async (type) => {
    expect(await outcomeAt(json(`{"a":"${MARK}"}`, { "Content-Type": type }))).toMatch(/does not say/);
  });

  it("does not say what it is", async () => {
    expect(await outcomeAt((_request, response) => response.end("{}"))).toMatch(/does not say/);
  });

  it.each(["gzip", "br", "deflate", "zstd", "identity, gzip", "x"])("is compressed: %s", async (encoding) => {
    const bomb = gzipSync(Buffer.from(`{"a":"${"x".repeat(10 * KIB * KIB)}"}`));
    expect(await outcomeAt(json(bomb, { "Content-Encoding": encoding }))).toMatch(/compressed/);
  });

  it.each([
    ["HTML", `<html>${MARK}</html>`],
    ["cut off", `{"a":"${MARK}`],
    ["empty", ""],
    ["a list", `["${MARK}"]`],
    ["a text", `"${MARK}"`],
    ["null", "null"],
    ["a number", "1"],
    ["two documents", `{"a":"${MARK}"}{}`],
    ["JSON with comments", `{} // ${MARK}`],
    ["behind a byte order mark", "\ufeff{}"],
    ["UTF-16", Buffer.from("{}", "utf16le")],
    ["not UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ["compressed without saying so", gzipSync("{}")],
    ["nested without end", "[".repeat(60 * KIB)],
  ])("is %s", async (_kind, body) => {
    expect(await outcomeAt(json(body))).toMatch(/not a JSON object/);
  });

  it.each([
    ["nothing", ""],
    ["no HTTP", `SSH-2.0-${MARK}\r\n`],
    ["a broken header", `HTTP/1.1 200 OK\r\n${MARK}\r\n\r\n{}`],
    [
      "another protocol",
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${MARK}\r\nConnection: Upgrade\r\n\r\n`,
    ],
    ["half a body", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{}"],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} "],
  ])("is %s", async (_kind, bytes) => {
    expect(await outcomeAt(({ socket }) => socket.end(bytes))).toMatch(
      /could not be asked: [A-Z_]+\.|gave no answer/,
    );
  });

  it("is from nobody", async () => {
    const options = { privateHosts: ["127.0.0.1", "keys.invalid"] };
    expect(await outcomeOf("http://127.0.0.1:1/", options)).toBe(
      "127.0.0.1:1 could not be asked: ECONNREFUSED.",
    );
    const resolve = () => Promise.reject(Object.assign(new Error(MARK), { code: "ENOTFOUND" }));
    expect(await outcomeOf("http://keys.invalid/", { ...options, resolve })).toMatch(/: ENOTFOUND/);
  });
});

describe("a private address", () => {
  const NOT_PUBLIC = expect.stringMatching(/not on the public internet/);

  /** What this machine is reached by. */
  const own = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .map(({ address, family }) => (family === "IPv6" ? `[${address}]` : address))
    .filter((host) => URL.canParse(`https://${host}`) && !isPublicAddress(host.replace(/^\[|\]$/g, "")));

  it("is not connected to, however it is spelled", async () => {
    const server = await startServer(json("{}"), { address: "0.0.0.0" });
    const spellings = [
      "127.0.0.1",
      "127.1",
      "2130706433",
      "0x7f.1",
      "0177.0.0.1",
      "127.9.9.9",
      "0.0.0.0",
      "0",
      "[::1]",
    ];
    const embedded = [
      "[::ffff:127.0.0.1]",
      "[::127.0.0.1]",
      "[::]",
      "[64:ff9b::127.0.0.1]",
      "[2002:7f00:1::]",
    ];
    for (const host of [...spellings, ...embedded, ...own]) {
      const url = `https://${host}:${server.port}/`;
      expect([url, await outcomeOf(url, { privateHosts: ["127.0.0.1:1"] })]).toEqual([url, NOT_PUBLIC]);
    }
    expect(server.connectionCount()).toBe(0);
  });

  it("is not connected to by a name that this machine resolves", async () => {
    const server = await startServer(json("{}"));
    for (const name of ["localhost", "LOCALHOST"]) {
      expect(await outcomeOf(`https://${name}:${server.port}/`)).toEqual(NOT_PUBLIC);
    }
    expect(server.connectionCount()).toBe(0);
  });

  it("is not connected to at another port than the allowed one, nor over http", async () => {
    const server = await startServer(json("{}"));
    const privateHosts = [`127.0.0.1:${server.port + 1}`, "localhost:1"];
    for (const host of ["127.0.0.1", "localhost"]) {
      expect(await outcomeOf(`https://${host}:${server.port}/`, { privateHosts })).toEqual(NOT_PUBLIC);
      expect(await outcomeOf(`http://${host}:${server.port}/`, { privateHosts })).toMatch(/https/);
    }
    expect(server.connectionCount()).toBe(0);
  });

  const PUBLIC = { address: "8.8.8.8", family: 4 };
  const LOOPBACK = { address: "127.0.0.1", family: 4 };

  it.each([
    ["alone", [LOOPBACK]],
    ["after a public one", [PUBLIC, LOOPBACK]],
    ["before a public one", [LOOPBACK, PUBLIC]],
    ["in IPv6", [PUBLIC, { address: "::ffff:127.0.0.1", family: 6 }]],
    ["with a zone", [PUBLIC, { address: "fe80::1%eth0", family: 6 }]],
    ["as no address at all", []],
  ])("is not connected to when a name has it %s", async (_place, addresses: LookupAddress[]) => {
    const server = await startServer(json("{}"));
    const url = `https://keys.example.com:${server.port}/`;
    await inBothWays(async () => {
      expect(await outcomeOf(url, { resolve: async () => addresses })).toEqual(NOT_PUBLIC);
    });
    expect(server.connectionCount()).toBe(0);
  });

  it("is not connected to by a name that was public the first time (DNS rebinding)", async () => {
    const server = await startServer(json("{}"));
    const url = `https://keys.example.com:${server.port}/`;
    const first = heldAddresses();
    const answers = [first.promise, Promise.resolve([LOOPBACK]), Promise.resolve([LOOPBACK])];
    let asked = 0;
    const resolve = () => answers[asked++] ?? Promise.resolve([]);
    // The public address comes after the deadline: no test connects to it.
    expect(await outcomeOf(url, { resolve, deadlineMs: SHORT_MS })).toMatch(/did not answer/);
    first.resolve([PUBLIC]);
    expect(await outcomeOf(url, { resolve })).toEqual(NOT_PUBLIC);
    expect([asked, server.connectionCount()]).toEqual([2, 0]);
  });

  it("is asked for once for a connection, which goes where the answer said", async () => {
    const reached: unknown[] = [];
    const server = await startServer((request, response) => {
      reached.push(request.socket.localAddress);
      json("{}")(request, response);
    });
    const host = `keys.internal:${server.port}`;
    await inBothWays(async () => {
      const answers = [
        [LOOPBACK, { address: "127.0.0.2", family: 4 }],
        [{ address: "127.0.0.3", family: 4 }],
      ];
      let asked = 0;
      const resolve = async () => answers[asked++] ?? [];
      expect(await outcomeOf(`http://${host}/`, { privateHosts: [host], resolve })).toEqual({});
      expect(asked).toBe(1);
    });
    expect(reached).toEqual(["127.0.0.1", "127.0.0.1"]);
  });
});

describe("a server with a certificate", () => {
  const run = promisify(execFile);

  it("of nobody's is not told what is wanted", async () => {
    const server = await startServer(json("{}"), { tls: LOCALHOST_CERTIFICATE });
    const url = `https://localhost:${server.port}/`;
    const privateHosts = ["localhost"];
    expect(await outcomeOf(url, { privateHosts })).toMatch(/could not be asked: DEPTH_ZERO_SELF_SIGNED_CERT/);
    expect(server.requests).toEqual([]);
  });

  it("of an authority that this machine trusts is asked", async () => {
    const server = await startServer(json('{"keys":[]}'), { tls: LOCALHOST_CERTIFICATE });
    const folder = mkdtempSync(join(tmpdir(), "authority-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const authority = join(folder, "authority.pem");
    writeFileSync(authority, LOCALHOST_CERTIFICATE.cert);
    const program = join(import.meta.dirname, "testing/fetch-once.ts");
    const args = ["--import", "tsx", program, `https://localhost:${server.port}/jwks`];
    const { stdout } = await run(process.execPath, args, {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: authority },
    });
    expect(JSON.parse(stdout)).toEqual({ keys: [] });
  });

  it("is not asked over http, nor the other way round", async () => {
    const secure = await startServer(json("{}"), { tls: LOCALHOST_CERTIFICATE });
    const plain = await startServer(json("{}"));
    const options = { privateHosts: ["127.0.0.1"] };
    expect(await outcomeOf(`http://${secure.host}/`, options)).toMatch(/could not be asked/);
    expect(await outcomeOf(`https://${plain.host}/`, options)).toMatch(/could not be asked/);
    expect([secure.requests.length, plain.requests.length]).toEqual([0, 0]);
  });
});
