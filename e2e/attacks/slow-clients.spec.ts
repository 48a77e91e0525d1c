import { connect, type Socket } from "node:net";
import { lines } from "./support/http";
import { expect, type Target, targetOfFile, test } from "./support/target";

/** SECURITY.md, "slowloris / slow body": whoever stalls is cut off, and everybody else is served meanwhile. */
const target = targetOfFile();

/** How long a connection may stall: a head, and a whole request with a body of 64 KiB at most. */
const HEAD_PATIENCE_MS = 15_000;
const BODY_PATIENCE_MS = 35_000;

/** Opens a connection, sends a beginning, and then nothing. Resolves with whether the server has ended it in time. */
function isCutOff({ running }: Target, beginning: string, patienceMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(running.port, "localhost", () => socket.write(beginning));
    const finish = (wasCutOff: boolean) => {
      clearTimeout(patience);
      socket.destroy();
      resolve(wasCutOff);
    };
    const patience = setTimeout(() => finish(false), patienceMs);
    socket.on("error", () => finish(true));
    socket.on("end", () => finish(true));
    socket.resume();
  });
}

test("stalled headers, a stalled body and a silent connection are cut off", async () => {
  test.setTimeout(60_000);
  const { host, origin } = target();
  const post = [
    "POST /api/auth/login HTTP/1.1",
    `Host: ${host}`,
    `Origin: ${origin}`,
    "Content-Type: application/json",
  ];
  const form = [
    "POST /login HTTP/1.1",
    `Host: ${host}`,
    `Origin: ${origin}`,
    "Content-Type: multipart/form-data; boundary=x",
  ];
  const rows: [string, string, number][] = [
    ["nothing", "", HEAD_PATIENCE_MS],
    ["half a request line", "GET /lo", HEAD_PATIENCE_MS],
    ["half the headers", `GET /login HTTP/1.1\r\nHost: ${host}\r\nX-Half:`, HEAD_PATIENCE_MS],
    ["no body at all", lines(...post, "Content-Length: 100"), BODY_PATIENCE_MS],
    ["half a body", `${lines(...post, "Content-Length: 100")}{"email":`, BODY_PATIENCE_MS],
    ["half a form", `${lines(...form, "Content-Length: 100")}--x`, BODY_PATIENCE_MS],
  ];
  const cutOff = await Promise.all(
    rows.map(([, beginning, patienceMs]) => isCutOff(target(), beginning, patienceMs)),
  );
  for (const [index, [row, , patienceMs]] of rows.entries()) {
    expect.soft(cutOff[index], `${row}, after ${patienceMs} ms`).toBe(true);
  }
});

test("hundreds of slow connections leave the service to others", async () => {
  test.setTimeout(60_000);
  const { running, host, origin, send, signUp } = target();
  const person = await signUp();
  const sockets: Socket[] = [];
  for (let count = 0; count < 500; count += 1) {
    const socket = connect(running.port, "localhost").on("error", () => {});
    socket.write(
      count % 2 === 0
        ? `GET /login HTTP/1.1\r\nHost: ${host}\r\nX-Slow: `
        : `${lines("POST /api/auth/login HTTP/1.1", `Host: ${host}`, `Origin: ${origin}`, "Content-Type: application/json", "Content-Length: 1000")}{`,
    );
    sockets.push(socket);
  }
  const dripping = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write("x");
  }, 1_000);
  try {
    const startedAt = performance.now();
    for (let count = 0; count < 10; count += 1) expect((await send({ path: "/healthz" })).status).toBe(200);
    const login = await send({
      path: "/api/auth/login",
      headers: { origin },
      body: { email: person.email, password: person.password },
    });
    expect(login.status).toBe(200);
    expect(performance.now() - startedAt).toBeLessThan(30_000);
  } finally {
    clearInterval(dripping);
    for (const socket of sockets) socket.destroy();
  }
});

test("clients that hang up in the middle leave no trace but their absence", async () => {
  const { running, host, origin, send } = target();
  const beginnings = [
    "",
    "G",
    `GET /login HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    `${lines("POST /api/auth/login HTTP/1.1", `Host: ${host}`, `Origin: ${origin}`, "Content-Type: application/json", "Content-Length: 100")}{"a`,
  ];
  const gone = beginnings.flatMap((beginning) =>
    Array.from(
      { length: 25 },
      () =>
        new Promise<void>((resolve) => {
          const socket = connect(running.port, "localhost", () => {
            socket.write(beginning);
            socket.resetAndDestroy();
          });
          socket.on("error", () => {}).on("close", () => resolve());
        }),
    ),
  );
  await Promise.all(gone);
  expect((await send({ path: "/healthz" })).status).toBe(200);
  expect(running.output()).not.toMatch(/"level":(50|60)|unhandled|uncaught/i);
});
