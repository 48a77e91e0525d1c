import { gzipSync } from "node:zlib";
import { cookieHeader } from "./support/cookies";
import type { Answer } from "./support/http";
import { expectHarmless, expectProblem } from "./support/refusals";
import { expect, type Person, targetOfFile, test } from "./support/target";

/** SECURITY.md: bodies that are big, deep, broken or not what they say, and what is sent to the framework itself. */
const target = targetOfFile();
let ann: Person;

test.beforeAll(async () => {
  ann = await target().signUp();
});

const LIMIT_BYTES = 64 * 1024;
const login = (body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  target().send({ path: "/api/auth/login", headers: { origin: target().origin, ...headers }, body });

/** Announces `length` and sends only the beginning: what is refused by its length is refused before the rest. */
const announce = (length: number, beginning: string) =>
  target().raw(
    [
      "POST /api/auth/login HTTP/1.1",
      `Host: ${target().host}`,
      `Origin: ${target().origin}`,
      "Content-Type: application/json",
      `Content-Length: ${length}`,
      `\r\n${beginning.slice(0, 1_000)}`,
    ].join("\r\n"),
  );

test("a body above 64 KiB is refused by its announced length, before it has been sent", async () => {
  const wide = JSON.stringify(Object.fromEntries(numbers(100_000).map((index) => [`k${index}`, 1])));
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  const rows: [string, number, string][] = [
    ["64 KiB and a byte", LIMIT_BYTES + 1, "{"],
    ["10 MB", 10 * 1024 * 1024, "{"],
    ["more than there is", Number.MAX_SAFE_INTEGER, "{"],
    ["1e5 keys", wide.length, wide],
    ["1e5 deep", deep.length, deep],
    ["a password of 1 MB", 1_000_000, `{"email":"${ann.email}","password":"${"p".repeat(900)}`],
  ];
  for (const [row, length, beginning] of rows) {
    const { statuses, closed } = await announce(length, beginning);
    expect(statuses, row).toEqual([413]);
    expect(closed, `${row}: hung up`).toBe(true);
  }
});

test("wide and deep bodies of a legal size", async () => {
  const wide = JSON.stringify(Object.fromEntries(numbers(5_000).map((index) => [`k${index}`, 1])));
  const rows: [string, string, number[]][] = [
    ["5000 keys", wide, [400]],
    ["32 000 deep", `${"[".repeat(32_000)}${"]".repeat(32_000)}`, [400]],
    [
      "10 000 deep inside a field",
      `{"email":${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)},"password":"x"}`,
      [400],
    ],
    ["a number of 60 000 digits", `{"email":${"9".repeat(60_000)},"password":"x"}`, [400]],
    [
      "exactly 64 KiB",
      JSON.stringify({ email: "a@b.example", password: "x" }).padEnd(LIMIT_BYTES, " "),
      [400, 401],
    ],
  ];
  for (const [row, body, statuses] of rows) expectProblem(await login(body), statuses, row);
});

test("a Content-Length that is not the body's", async () => {
  const head = (length: number) =>
    [
      "POST /api/auth/login HTTP/1.1",
      `Host: ${target().host}`,
      `Origin: ${target().origin}`,
      "Content-Type: application/json",
      `Content-Length: ${length}`,
      "Connection: close",
      "\r\n",
    ].join("\r\n");
  const body = JSON.stringify({ email: ann.email, password: "x" });
  const short = await target().raw(head(10) + body);
  expect(short.statuses).toEqual([400]);
  // Too long: the rest never comes. The connection is not answered as if it had, and others are served meanwhile.
  const [long, other] = await Promise.all([
    target().raw(head(body.length + 10) + body, 1_500),
    target().send({ path: "/healthz" }),
  ]);
  expect(long.statuses.filter((status) => status < 400)).toEqual([]);
  expect(other.status).toBe(200);
});

test("bodies that are compressed, of another type, or of no type", async () => {
  const body = JSON.stringify({ email: ann.email, password: ann.password });
  const rows: [string, Record<string, string>, string | Buffer][] = [
    ["gzip", { "content-encoding": "gzip" }, gzipSync(body)],
    ["a gzip bomb", { "content-encoding": "gzip" }, gzipSync(Buffer.alloc(10 * 1024 * 1024, 32))],
    ["gzip announced, plain sent", { "content-encoding": "gzip" }, body],
    ["br", { "content-encoding": "br" }, body],
    ["text/plain", { "content-type": "text/plain" }, body],
    ["text/plain that names JSON", { "content-type": "text/plain; application/json" }, body],
    [
      "urlencoded",
      { "content-type": "application/x-www-form-urlencoded" },
      `email=${ann.email}&password=${ann.password}`,
    ],
    ["multipart", { "content-type": "multipart/form-data; boundary=x" }, `--x\r\n\r\n${body}\r\n--x--`],
    ["a JSON relative", { "content-type": "application/ld+json" }, body],
    ["application/jsonx", { "content-type": "application/jsonx" }, body],
    ["two types", { "content-type": "application/json, text/plain" }, body],
    ["none", { "content-type": "" }, body],
    ["UTF-16", { "content-type": "application/json; charset=utf-16" }, Buffer.from(body, "utf16le")],
  ];
  for (const [row, headers, bytes] of rows) expectProblem(await login(bytes, headers), [400, 413, 415], row);
  const spelled = await login(body, { "content-type": "Application/JSON; charset=UTF-8" });
  expect(spelled.status, "media types ignore case and parameters").toBe(200);
});

test("JSON that is broken, or not an object", async () => {
  const texts = [
    "",
    " ",
    "{",
    "}",
    "null",
    "[]",
    "true",
    "1",
    '"x"',
    "undefined",
    "NaN",
    "{'a':1}",
    '{"email":"a@b.c",}',
    "\u0000",
    "[[[",
    '{"email":1e999}',
  ];
  for (const text of texts) expectProblem(await login(text), 400, JSON.stringify(text));
  const bytes: [string, Buffer][] = [
    [
      "a lone continuation byte",
      Buffer.concat([Buffer.from('{"email":"'), Buffer.from([0x80]), Buffer.from('"}')]),
    ],
    [
      "an overlong slash",
      Buffer.concat([Buffer.from('{"email":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')]),
    ],
    ["random bytes", Buffer.from("fffe00ff8081", "hex")],
  ];
  for (const [row, body] of bytes) expectProblem(await login(body), 400, row);
});

test("CSP reports: anybody may send one, and junk does no harm", async () => {
  const rows: [string, string | Buffer][] = [
    ["application/csp-report", '{"csp-report":{"document-uri":"x"}}'],
    ["application/csp-report", "{"],
    ["application/csp-report", "null"],
    ["application/reports+json", "[]"],
    ["application/reports+json", '[{"type":"csp-violation","body":{"__proto__":{"x":1}}}]'],
    ["text/plain", "x"],
    ["application/csp-report", Buffer.alloc(200_000, 120)],
    ["application/csp-report", JSON.stringify({ "csp-report": { "blocked-uri": "x\r\nx".repeat(5_000) } })],
  ];
  for (const [type, body] of rows) {
    const answer = await target().send({ path: "/api/csp-reports", headers: { "content-type": type }, body });
    expectHarmless(answer, `${type} ${Buffer.isBuffer(body) ? "" : body}`.slice(0, 60));
  }
  const foreign = await target().send({
    path: "/api/csp-reports",
    headers: {
      origin: "http://evil.example",
      "content-type": "application/csp-report",
      cookie: cookieHeader(ann),
    },
    body: '{"csp-report":{}}',
  });
  expectHarmless(foreign, "from another site");
});

test("the probe for CVE-2025-55182 and other server-action junk", async () => {
  const multipart = (...parts: [string, string][]) =>
    `${parts.map(([name, value]) => `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`).join("")}--x--\r\n`;
  const bodies: [string, string, string][] = [
    ["React2Shell probe", "multipart/form-data; boundary=x", multipart(["1", "{}"], ["0", '["$1:aa:aa"]'])],
    [
      "React2Shell constructor",
      "multipart/form-data; boundary=x",
      multipart(
        [
          "0",
          '{"then":"$1:__proto__:then","status":"resolved_model","reason":-1,"value":"{\\"then\\":\\"$B1337\\"}","_response":{"_prefix":"throw Object.assign(new Error(1),{digest:7*6*137})","_formData":{"get":"$1:constructor:constructor"}}}',
        ],
        ["1", '"$@0"'],
      ),
    ],
    ["a promise of itself (CVE-2025-55184)", "multipart/form-data; boundary=x", multipart(["0", '"$@0"'])],
    [
      "promises in a ring",
      "multipart/form-data; boundary=x",
      multipart(["0", '"$@1"'], ["1", '"$@2"'], ["2", '"$@0"']),
    ],
    [
      "source leak (CVE-2025-55183)",
      "multipart/form-data; boundary=x",
      multipart(["0", '["$F1"]'], ["1", '{"id":"x","bound":null}']),
    ],
    ["toString", "multipart/form-data; boundary=x", multipart(["0", '["$1:toString"]'], ["1", "{}"])],
    ["big integer", "multipart/form-data; boundary=x", multipart(["0", `["$n${"9".repeat(30_000)}"]`])],
    ["map of maps", "multipart/form-data; boundary=x", multipart(["0", '["$Q1"]'], ["1", '[["$Q1","$Q1"]]'])],
    ["__proto__ field", "multipart/form-data; boundary=x", multipart(["__proto__[x]", "1"], ["0", "[]"])],
    [
      "2000 fields",
      "multipart/form-data; boundary=x",
      multipart(...Array.from({ length: 1_000 }, (_, index): [string, string] => [String(index), '"$@1"'])),
    ],
    ["action id as a field", "multipart/form-data; boundary=x", multipart(["$ACTION_ID_x", ""])],
    [
      "action id of 42 digits",
      "multipart/form-data; boundary=x",
      multipart([`$ACTION_ID_${"0".repeat(42)}`, ""]),
    ],
    [
      "action reference",
      "multipart/form-data; boundary=x",
      multipart(["$ACTION_REF_1", ""], ["$ACTION_1:0", '{"id":"x","bound":"$@1"}'], ["$ACTION_1:1", "[]"]),
    ],
    ["text", "text/plain;charset=UTF-8", '["$1:aa:aa"]'],
    ["urlencoded", "application/x-www-form-urlencoded", "0=%5B%22%241%3Aaa%3Aaa%22%5D"],
    ["no boundary", "multipart/form-data", "x"],
    [
      "unfinished",
      "multipart/form-data; boundary=x",
      '--x\r\nContent-Disposition: form-data; name="0"\r\n\r\n',
    ],
    ["empty", "text/plain", ""],
  ];
  const actions = [undefined, "x", "", "0".repeat(42), "__proto__", "constructor", "x".repeat(5_000)];
  for (const [row, type, body] of bodies) {
    for (const action of actions) {
      for (const path of ["/", "/login", "/account"]) {
        const headers = {
          origin: target().origin,
          "content-type": type,
          ...(action === undefined ? {} : { "next-action": action }),
        };
        const name = `${row}, Next-Action ${action?.slice(0, 12)}, ${path}`;
        const answer = await target().send({ method: "POST", path, headers, body });
        expectHarmless(answer, name);
        expect.soft(answer.text, name).not.toMatch(/E\{"digest"|5754/);
        expect.soft(answer.headers["x-action-redirect"], name).toBeUndefined();
      }
    }
  }
  expect((await target().send({ path: "/healthz" })).status).toBe(200);
});

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
