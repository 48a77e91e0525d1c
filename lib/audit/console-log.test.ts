import { Writable } from "node:stream";
import { beforeEach, describe, expect, it } from "vitest";
import { logConsole } from "./console-log";
import { createLogger } from "./logger";
import { duringRequest } from "./request-scope";

type Printer = Parameters<typeof logConsole>[1];

const scope = { requestId: "r1", isStopping: false, hasOutage: false, failed: () => {} };

describe("the console in production", () => {
  const lines: string[] = [];
  const silent = () => {};
  const printer: NonNullable<Printer> = {
    error: silent,
    warn: silent,
    info: silent,
    log: silent,
    debug: silent,
    trace: silent,
  };
  const written = () => lines.map((line) => JSON.parse(line));

  beforeEach(() => {
    lines.length = 0;
    const sink = new Writable({
      write: (chunk, _, done) => {
        lines.push(String(chunk));
        done();
      },
    });
    logConsole(createLogger("debug", sink), printer);
  });

  it("writes an error of a page as one line, with what names it and the request it belongs to", () => {
    const error = Object.assign(new Error("no\nanswer", { cause: new TypeError("why") }), {
      code: "P1001",
      digest: "1892519225",
      meta: { password: "secret" },
      connectionString: "postgresql://secret",
    });
    duringRequest(scope, () => printer.error("\u001b[31m⨯\u001b[39m", error));
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toMatch(/secret/);
    expect(written()[0]).toMatchObject({
      level: 50,
      requestId: "r1",
      message: "no\nanswer",
      err: {
        type: "Error",
        message: "no\nanswer",
        stack: expect.stringContaining("console-log.test.ts"),
        code: "P1001",
        digest: "1892519225",
        cause: { type: "TypeError", message: "why" },
      },
    });
  });

  it("keeps text, in colour or with places to fill, and of objects their kind alone", () => {
    printer.warn("\u001b[33m ⚠\u001b[39m %s of %s", "one", 2, { cookie: "secret" });
    printer.log("[not a mark] said\nin two lines");
    printer.debug(new Map([["token", "secret"]]));
    expect(lines.join()).not.toMatch(/secret/);
    expect(written().map(({ level, message }) => [level, message])).toEqual([
      [40, "one of 2 [Object]"],
      [30, "[not a mark] said\nin two lines"],
      [20, "[Map]"],
    ]);
  });

  it("makes no error of a caller that has left", () => {
    printer.error(Object.assign(new Error("aborted"), { code: "ECONNRESET" }));
    printer.error(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));
    expect(written().map(({ level }) => level)).toEqual([20, 50]);
  });

  it("writes what Node warns of", async () => {
    process.emitWarning("careful", { code: "LK1" });
    await new Promise(setImmediate);
    expect(written()).toMatchObject([{ level: 40, err: { message: "careful", code: "LK1" } }]);
  });
});
