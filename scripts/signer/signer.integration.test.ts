import { createPublicKey, type JsonWebKeyInput, verify } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { openSignerSocket } from "../../lib/keys/signer-socket";
import { privateForms } from "./testing/private-forms";
import { launchSigner, type RunningSigner, startSigner } from "./testing/running-signer";

const OWNER = "http://localhost:3000";
const DATA = Buffer.from("a text that nobody writes down");

let folder: string;
const started: RunningSigner[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "latchkey-signer-"));
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((signer) => signer.kill()));
  await rm(folder, { recursive: true });
});

const launch = (...options: string[]) => {
  const signer = launchSigner(folder, ...options);
  started.push(signer);
  return signer;
};
const start = async (...options: string[]) => {
  const signer = await startSigner(folder, ...options);
  started.push(signer);
  return signer;
};
const client = ({ socket }: RunningSigner) => openSignerSocket(socket, OWNER);
const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

const fileOf = (signer: RunningSigner, kid: string) => join(signer.keysFolder, `${kid}.json`);
const readKey = async (signer: RunningSigner, kid: string): Promise<{ sealedPrivateKey: string }> =>
  JSON.parse(await readFile(fileOf(signer, kid), "utf8"));

describe("a key", () => {
  test.each([
    ["ES256", "sha256", 64],
    ["RS256", "sha256", 384],
    ["EdDSA", null, 64],
  ] as const)(
    "of %s signs what its public part verifies, also after a restart",
    async (algorithm, hash, bytes) => {
      const first = await start();
      const { kid, publicJwk } = await client(first).generate(algorithm);
      const { id } = await client(first).list();
      expect(await first.stop()).toBe(0);
      const again = await start();
      expect(await client(again).list()).toMatchObject({ id, keys: [{ kid, isOurs: true }] });
      const signature = (await client(again).sign(kid, DATA)) ?? Buffer.alloc(0);
      expect(signature).toHaveLength(bytes);
      const key = createPublicKey({ key: publicJwk, format: "jwk" } as JsonWebKeyInput);
      expect(verify(hash, DATA, { key, dsaEncoding: "ieee-p1363" }, signature)).toBe(true);
    },
  );

  it("is handed out by nothing that the process answers or writes", async () => {
    const signer = await start();
    const made = await signer.ask("POST", "/keys", JSON.stringify({ algorithm: "ES256", owner: OWNER }));
    const { kid } = JSON.parse(String(made.body));
    const answers = [
      made,
      await signer.ask("GET", "/"),
      await signer.ask("GET", "/keys"),
      await signer.ask("GET", `/keys/${kid}`),
      await signer.ask("POST", `/keys/${kid}/signatures`, DATA),
      await signer.ask("DELETE", `/keys/${"x".repeat(43)}`),
    ];
    const told = [...answers.map(({ body }) => body.toString("latin1")), signer.process.output()].join();
    const files = await Promise.all(
      (await readdir(signer.keysFolder)).map((name) =>
        readFile(join(signer.keysFolder, name), "latin1").catch(() => ""),
      ),
    );
    for (const form of await privateForms(signer, kid)) {
      expect(told).not.toContain(form);
      expect(files.join()).not.toContain(form);
    }
    expect(told).not.toContain(String(DATA));
  });

  it("is forgotten with its file, and again without complaint", async () => {
    const signer = await start();
    const { kid } = await client(signer).generate("ES256");
    await client(signer).discard(kid);
    await client(signer).discard(kid);
    expect(await client(signer).sign(kid, DATA)).toBeNull();
    expect(await readdir(signer.keysFolder)).not.toContain(`${kid}.json`);
  });

  it("that cannot be opened is named and left, and the others sign", async () => {
    const first = await start();
    const [flipped, moved, well] = [
      await client(first).generate("ES256"),
      await client(first).generate("ES256"),
      await client(first).generate("ES256"),
    ];
    const key = await readKey(first, flipped.kid);
    const other = await readKey(first, moved.kid);
    await first.stop();
    const last = key.sealedPrivateKey.endsWith("A") ? "B" : "A";
    const changed = `${key.sealedPrivateKey.slice(0, -6)}${last}${key.sealedPrivateKey.slice(-5)}`;
    await writeFile(fileOf(first, flipped.kid), JSON.stringify({ ...key, sealedPrivateKey: changed }));
    await writeFile(fileOf(first, moved.kid), JSON.stringify({ ...other, kid: well.kid }));
    await writeFile(join(first.keysFolder, "note.json"), "a note {");
    await writeFile(join(first.keysFolder, `${well.kid}.json.new`), "half a k");
    const signer = await start();
    const { keys } = await client(signer).list();
    expect(keys.map(({ kid }) => kid)).toEqual([well.kid]);
    expect(await client(signer).sign(well.kid, DATA)).toHaveLength(64);
    for (const name of [`${flipped.kid}.json`, `${moved.kid}.json`, "note.json"]) {
      expect(signer.process.output()).toMatch(new RegExp(`"file":"${name}".*cannot be used`));
      expect(await readdir(signer.keysFolder)).toContain(name);
    }
    expect(signer.process.output()).not.toContain("a note");
    expect(await readdir(signer.keysFolder)).not.toContain(`${well.kid}.json.new`);
  });
});

describe("a request", () => {
  const refused: [method: string, path: string, body: string, status: number][] = [
    ["GET", "/key", "", 404],
    ["GET", "//", "", 404],
    ["PUT", "/keys", "", 404],
    ["GET", `/keys/${"a".repeat(43)}`, "", 404],
    ["POST", `/keys/${"a".repeat(43)}/signatures`, "x", 404],
    ["POST", "/keys/../secret/signatures", "x", 404],
    ["DELETE", "/keys/..%2Fsecret", "", 404],
    ["DELETE", "/keys/secret", "", 404],
    ["DELETE", `/keys/${"a".repeat(43)}/signatures`, "", 404],
    ["POST", "/keys", "", 400],
    ["POST", "/keys", "[]", 400],
    ["POST", "/keys", '{"algorithm":"HS256","owner":"o"}', 400],
    ["POST", "/keys", '{"algorithm":"none","owner":"o"}', 400],
    ["POST", "/keys", '{"algorithm":"__proto__","owner":"o"}', 400],
    ["POST", "/keys", '{"algorithm":"ES256"}', 400],
    ["POST", "/keys", '{"algorithm":"ES256","owner":"o","kid":"mine"}', 400],
    ["POST", "/keys", " ".repeat(20_000), 413],
    ["POST", `/keys/${"a".repeat(43)}/signatures`, "x".repeat(20_000), 413],
  ];

  it("that is not one of its own is refused, and changes nothing", async () => {
    const signer = await start();
    const before = await readdir(signer.keysFolder);
    for (const [method, path, body, status] of refused) {
      const answer = await signer.ask(method, path, body);
      expect(answer.status, `${method} ${path} ${body.slice(0, 60)}`).toBe(status);
    }
    expect(await readdir(signer.keysFolder)).toEqual(before);
    expect((await signer.ask("GET", "/")).status).toBe(200);
  });

  it("is answered beside a hundred others, and beside those that never end", async () => {
    const signer = await start();
    const { kid } = await client(signer).generate("ES256");
    const slow = await Promise.all(Array.from({ length: 50 }, () => beginRequest(signer, kid)));
    const signatures = await Promise.all(Array.from({ length: 100 }, () => client(signer).sign(kid, DATA)));
    expect(signatures.every((signature) => signature?.length === 64)).toBe(true);
    await Promise.all(slow.map((socket) => once(socket.resume(), "close")));
    expect(signer.process.output()).not.toContain("failed");
  });

  it("that is under way is answered when the process is told to end", async () => {
    const signer = await start();
    const { kid } = await client(signer).generate("ES256");
    const socket = await beginRequest(signer, kid);
    const stopped = signer.stop();
    await expect.poll(() => readdir(folder)).toEqual(["keys"]);
    const answered = once(socket, "data");
    socket.write("x");
    expect(String((await answered)[0])).toContain("200 OK");
    expect(await stopped).toBe(0);
  });

  it.each(["SIGTERM", "SIGINT"] as const)(
    "that never ends does not keep the process from ending on %s",
    async (signal) => {
      const signer = await start();
      const { kid } = await client(signer).generate("ES256");
      await beginRequest(signer, kid);
      signer.process.signal(signal);
      expect(await signer.process.ended).toBe(0);
    },
  );
});

describe("the socket and the folder", () => {
  it("are their owner's alone, and so is what is in them", async () => {
    const signer = await start();
    const { kid } = await client(signer).generate("ES256");
    expect(await modeOf(signer.socket)).toBe("600");
    expect(await modeOf(signer.keysFolder)).toBe("700");
    expect(await modeOf(fileOf(signer, kid))).toBe("600");
    expect(await modeOf(join(signer.keysFolder, "secret"))).toBe("600");
    expect(signer.process.output()).toMatch(
      /^\{.*"signer":"[\w-]+","keys":0,"message":"the signer is ready"\}\n$/,
    );
  });

  it("let the group in where that is asked for", async () => {
    const signer = await start("--socket-mode", "660");
    expect(await modeOf(signer.socket)).toBe("660");
  });

  it("of a process that was killed are taken over, with its keys", async () => {
    const killed = await start();
    const { kid } = await client(killed).generate("ES256");
    await killed.kill();
    expect(await readdir(folder)).toContain("signer.sock");
    const signer = await start();
    expect(await client(signer).sign(kid, DATA)).toHaveLength(64);
  });

  it("belong to one process: a second one ends with a line", async () => {
    const first = await start();
    const second = launch();
    expect(await second.process.ended).toBe(1);
    expect(second.process.output()).toBe(
      `--keys ${first.keysFolder} is already in use by another Latchkey (process ${first.process.pid}).\n`,
    );
    expect((await first.ask("GET", "/")).status).toBe(200);
  });

  it("that another process listens on is left to it", async () => {
    const other = createServer();
    other.listen(join(folder, "signer.sock"));
    await once(other, "listening");
    const signer = launch();
    expect(await signer.process.ended).toBe(1);
    expect(signer.process.output()).toMatch(
      /^--socket is ".*signer\.sock", where a process listens already\.\n$/,
    );
    expect(other.listening).toBe(true);
    other.close();
  });

  const faults: [spoil: (place: string) => Promise<unknown>, line: RegExp][] = [
    // Keys that others may read.
    [(place) => mkdir(join(place, "keys"), { mode: 0o750 }), /^--keys is ".*", which is not private;/],
    [(place) => writeFile(join(place, "keys"), ""), /^--keys is ".*", which cannot be made/],
    [(place) => writeFile(join(place, "signer.sock"), ""), /^--socket is ".*", which is no socket/],
    [(place) => symlink("/dev/null", join(place, "signer.sock")), /^--socket is ".*", which is no socket/],
    // A socket in whose place others may put their own.
    [(place) => chmod(place, 0o777), /^--socket is to be in ".*", where others may put their own/],
    [(place) => chmod(place, 0o770), /^--socket is to be in ".*", where others may put their own/],
  ];

  it("that cannot be used as they are stop the start with one line", async () => {
    const outcomes = await Promise.all(
      faults.map(async ([spoil, line], index) => {
        const place = join(folder, String(index));
        await mkdir(place, { mode: 0o700 });
        await spoil(place);
        return { line, ...(await runToEnd(launchSigner(place))) };
      }),
    );
    for (const { line, code, output } of outcomes) {
      expect(output).toMatch(line);
      expect(output.trim().split("\n")).toHaveLength(1);
      expect(code).toBe(1);
    }
  });

  it("are told with words that are right, or the process says which they are", async () => {
    const wrong = [["--socket-mode", "777"], ["--keep"], ["more"]];
    const outcomes = await Promise.all(wrong.map((words) => runToEnd(launchSigner(folder, ...words))));
    for (const { code, output } of outcomes) {
      expect(output).toMatch(/^npm run signer -- --socket PATH --keys FOLDER/);
      expect(code).toBe(2);
    }
  });
});

async function runToEnd(signer: RunningSigner) {
  started.push(signer);
  return { code: await signer.process.ended, output: signer.process.output() };
}

/** A request for a signature, of which one byte is missing and the rest has arrived. */
async function beginRequest({ socket: path }: RunningSigner, kid: string): Promise<Socket> {
  const socket = connect(path);
  socket.on("error", () => {});
  const head = [
    `POST /keys/${kid}/signatures HTTP/1.1`,
    "Host: signer",
    "Content-Length: 1",
    "Expect: 100-continue",
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  await once(socket, "data");
  return socket;
}
