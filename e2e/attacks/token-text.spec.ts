import { createHmac, createPublicKey, type KeyObject } from "node:crypto";
import { newKeyPair } from "@/lib/crypto/testing/key-pair";
import { ACCESS_COOKIE } from "./support/cookies";
import { createForge, encodePart, type Forge, type Json, signES256 } from "./support/forge";
import { startListener } from "./support/listener";
import { expectInvalidToken, expectSignedOut } from "./support/refusals";
import { expect, type Target, targetOfFile, test } from "./support/target";

/** SECURITY.md, attacks on the text and the cryptography of a token. Each is sent as Bearer and as the cookie. */
type Row = [name: string, token: (forge: Forge) => string];

const target = targetOfFile();
let forge: Forge;

test.beforeAll(async () => {
  const person = await target().signUp();
  forge = await createForge(target(), person.access);
});

/** Header values cannot carry these; a cookie cannot carry `;` either. */
const IMPOSSIBLE_IN_HEADER = /[\0\r\n]/;

async function attack(rows: Row[]): Promise<void> {
  for (const [name, make] of rows) {
    const token = make(forge);
    if (IMPOSSIBLE_IN_HEADER.test(token)) throw new Error(`${name}: cannot be sent in a header`);
    expectInvalidToken(await asBearer(target(), token), `${name} (Bearer)`);
    expectSignedOut(await asCookie(target(), token), `${name} (cookie)`);
  }
}

const asBearer = ({ send }: Target, token: string) =>
  send({ path: "/api/auth/session", headers: { authorization: `Bearer ${token}` } });

const asCookie = ({ send }: Target, token: string) =>
  send({ path: "/api/auth/session", headers: { cookie: `${ACCESS_COOKIE}=${token}` } });

const parts = (token: string): [string, string, string] => {
  const [header = "", payload = "", signature = ""] = token.split(".");
  return [header, payload, signature];
};

test("control: the genuine token is accepted, and so is one the test has signed the same way", async () => {
  for (const token of [forge.genuine, forge.withClaims({ jti: "made-by-the-test" })]) {
    expect((await asBearer(target(), token)).status).toBe(200);
    expect((await asCookie(target(), token)).status).toBe(200);
  }
});

test("no token at all", async () => {
  const answer = await target().send({ path: "/api/auth/session" });
  expectSignedOut(answer, "no token");
  expect(answer.headers["www-authenticate"]).toBe("Bearer");
});

test("alg none, in every spelling, with and without the old signature", async () => {
  const spellings = [
    "none",
    "None",
    "NONE",
    "nOnE",
    "",
    null,
    undefined,
    ["none"],
    ["ES256"],
    { alg: "ES256" },
    0,
  ];
  await attack(
    spellings.flatMap((alg): Row[] => {
      const unsigned = ({ header, claims }: Forge) =>
        `${encodePart({ ...header, alg })}.${encodePart(claims)}`;
      return [
        [`alg ${JSON.stringify(alg)}, no signature`, (f) => `${unsigned(f)}.`],
        [`alg ${JSON.stringify(alg)}, old signature`, (f) => `${unsigned(f)}.${parts(f.genuine)[2]}`],
      ];
    }),
  );
});

test("HS256 keyed with every form of the public key", async () => {
  const forms: [string, (key: KeyObject, jwk: Json) => string | Buffer][] = [
    ["SPKI PEM", (key) => key.export({ type: "spki", format: "pem" })],
    [
      "SPKI PEM without its last newline",
      (key) => key.export({ type: "spki", format: "pem" }).toString().trim(),
    ],
    ["SPKI DER", (key) => key.export({ type: "spki", format: "der" })],
    ["JWK as published", (_key, jwk) => JSON.stringify(jwk)],
    ["JWK with sorted keys", (_key, jwk) => JSON.stringify(Object.fromEntries(Object.entries(jwk).sort()))],
    ["JWK thumbprint form", (_key, { crv, kty, x, y }) => JSON.stringify({ crv, kty, x, y })],
    [
      "x and y",
      (_key, { x, y }) => Buffer.concat([x, y].map((part) => Buffer.from(String(part), "base64url"))),
    ],
    ["x alone", (_key, { x }) => Buffer.from(String(x), "base64url")],
    ["the kid", (_key, { kid }) => String(kid)],
    ["nothing", () => ""],
  ];
  await attack(
    ["HS256", "HS384", "HS512"].flatMap((alg) =>
      forms.map(([name, secret]): Row => {
        return [`${alg} with ${name}`, (f) => hmacSigned(f, { alg }, secret(publicKeyOf(f), f.publicJwk))];
      }),
    ),
  );
});

test("another algorithm of the family, or another spelling of the right one", async () => {
  const names = [
    "ES384",
    "ES512",
    "ES256K",
    "RS256",
    "PS256",
    "EdDSA",
    "Ed25519",
    "ES256 ",
    " ES256",
    "es256",
    "Es256",
  ];
  await attack(names.map((alg): Row => [`alg "${alg}"`, (f) => f.withHeader({ alg })]));
});

test("kid: paths, SQL, length, type, names every object has", async () => {
  const kids: unknown[] = [
    "../../../../dev/null",
    "/dev/null",
    "' UNION SELECT 'k'--",
    "k\u0000",
    "",
    " ",
    "k".repeat(7_000),
    0,
    null,
    undefined,
    true,
    {},
    [],
    ["k"],
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
  ];
  await attack(
    kids.flatMap((kid): Row[] => {
      const name = `kid ${JSON.stringify(kid)?.slice(0, 40)}`;
      return [
        [`${name}, signed by the real key`, (f) => f.withHeader({ kid })],
        [`${name}, HMAC over an empty key`, (f) => hmacSigned(f, { alg: "HS256", kid }, "")],
      ];
    }),
  );
});

test("a key of the attacker's own in the header", async () => {
  const own = newKeyPair("ec", { namedCurve: "P-256" });
  const jwk: Json = { ...own.publicKey.export({ format: "jwk" }) };
  const der = own.publicKey.export({ type: "spki", format: "der" }).toString("base64");
  const signedByOwn = (header: (f: Forge) => Json) => (f: Forge) =>
    signES256(`${encodePart({ ...f.header, ...header(f) })}.${encodePart(f.claims)}`, own.privateKey);
  await attack([
    ["signed by a stranger's key under our kid", signedByOwn(() => ({}))],
    ["jwk", signedByOwn(() => ({ jwk }))],
    ["jwk with our kid inside", signedByOwn(({ header }) => ({ jwk: { ...jwk, kid: header.kid } }))],
    ["jwk without kid", signedByOwn(() => ({ jwk, kid: undefined }))],
    ["x5c", signedByOwn(() => ({ x5c: [der] }))],
    ["x5c without kid", signedByOwn(() => ({ x5c: [der], kid: undefined }))],
    ["the true key as jwk, truly signed", (f) => f.withHeader({ jwk: f.publicJwk })],
    ["x5t, truly signed", (f) => f.withHeader({ x5c: [der] })],
  ]);
});

test("jku and x5u are refused, and nobody goes to fetch them", async () => {
  const own = newKeyPair("ec", { namedCurve: "P-256" });
  const keys = [{ ...own.publicKey.export({ format: "jwk" }), kid: "stranger", use: "sig", alg: "ES256" }];
  const listener = await startListener(JSON.stringify({ keys }));
  const rows = ["jku", "x5u"].flatMap((field) =>
    ["127.0.0.1", "localhost", "[::1]"].flatMap((host): Row[] => {
      const url = `http://${host}:${listener.port}/jwks`;
      const header = { alg: "ES256", typ: "at+jwt", kid: "stranger", [field]: url };
      return [
        [
          `${field} ${host}`,
          (f) => signES256(`${encodePart(header)}.${encodePart(f.claims)}`, own.privateKey),
        ],
        [`${field} ${host} under our kid`, (f) => f.withHeader({ [field]: url })],
      ];
    }),
  );
  await attack(rows);
  expect(listener.hits()).toBe(0);
  await listener.close();
});

test("crit and b64, truly signed", async () => {
  const headers: Json[] = [
    { crit: ["exp"] },
    { crit: ["exp"], exp: 1 },
    { crit: ["x"], x: true },
    { crit: [] },
    { crit: "b64" },
    { crit: ["b64"], b64: true },
    { crit: ["b64"], b64: false },
    { crit: null },
    { crit: {} },
    { b64: false },
    { b64: true },
    { b64: "false" },
  ];
  await attack(headers.map((header): Row => [JSON.stringify(header), (f) => f.withHeader(header)]));
});

test("duplicate JSON keys, truly signed", async () => {
  const before = (part: Json, field: string) => `{${field},${JSON.stringify(part).slice(1)}`;
  const after = (part: Json, field: string) => `${JSON.stringify(part).slice(0, -1)},${field}}`;
  await attack([
    ["alg none first", (f) => f.signed(before(f.header, '"alg":"none"'), f.claims)],
    ["alg none last", (f) => f.signed(after(f.header, '"alg":"none"'), f.claims)],
    ["alg written twice alike", (f) => f.signed(after(f.header, '"alg":"ES256"'), f.claims)],
    ["alg escaped", (f) => f.signed(after(f.header, '"\\u0061lg":"ES256"'), f.claims)],
    ["sub first", (f) => f.signed(f.header, before(f.claims, '"sub":"victim"'))],
    ["sub last", (f) => f.signed(f.header, after(f.claims, '"sub":"victim"'))],
    ["sub escaped", (f) => f.signed(f.header, before(f.claims, '"\\u0073ub":"victim"'))],
    ["two roles", (f) => f.signed(f.header, after(f.claims, '"role":"admin"'))],
    ["two exp", (f) => f.signed(f.header, after(f.claims, `"exp":${f.claims.exp}`))],
    ["two of a nested key", (f) => f.signed(f.header, after(f.claims, '"cnf":{"a":1,"a":2}'))],
  ]);
});

test("JSON that is not an object, or not JSON, truly signed", async () => {
  const texts = [
    "",
    "null",
    "[]",
    '"x"',
    "1",
    "true",
    "{",
    "{}",
    "{}}",
    "{} {}",
    "\ufeff{}",
    "\xff\xfe",
    "[".repeat(3_000),
  ];
  await attack(
    texts.flatMap((text): Row[] => [
      [`header ${JSON.stringify(text.slice(0, 20))}`, (f) => f.signed(text, f.claims)],
      [`payload ${JSON.stringify(text.slice(0, 20))}`, (f) => f.signed(f.header, text)],
    ]),
  );
  await attack([
    ["header with a byte order mark", (f) => f.signed(`\ufeff${JSON.stringify(f.header)}`, f.claims)],
    ["payload with a byte order mark", (f) => f.signed(f.header, `\ufeff${JSON.stringify(f.claims)}`)],
    ["payload with a comment", (f) => f.signed(f.header, `/**/${JSON.stringify(f.claims)}`)],
    ["payload with __proto__", (f) => f.signed(f.header, `{"__proto__":${JSON.stringify(f.claims)}}`)],
    ["header with __proto__", (f) => f.signed(`{"__proto__":${JSON.stringify(f.header)}}`, f.claims)],
  ]);
});

test("signatures of another length, encoding or message", async () => {
  const withSignature = (make: (f: Forge, genuine: Buffer) => Buffer) => (f: Forge) => {
    const [header, payload, signature] = parts(f.genuine);
    return `${header}.${payload}.${make(f, Buffer.from(signature, "base64url")).toString("base64url")}`;
  };
  await attack([
    ["empty", withSignature(() => Buffer.alloc(0))],
    ["63 bytes", withSignature((_f, genuine) => genuine.subarray(0, 63))],
    ["65 bytes", withSignature((_f, genuine) => Buffer.concat([genuine, Buffer.alloc(1)]))],
    ["9 KB", withSignature((_f, genuine) => Buffer.concat([genuine, Buffer.alloc(9_000)]))],
    ["64 zeros", withSignature(() => Buffer.alloc(64))],
    ["r alone", withSignature((_f, genuine) => Buffer.concat([genuine.subarray(0, 32), Buffer.alloc(32)]))],
    [
      "s and r swapped",
      withSignature((_f, genuine) => Buffer.concat([genuine.subarray(32), genuine.subarray(0, 32)])),
    ],
    [
      "one bit changed",
      withSignature((_f, genuine) => Buffer.from(genuine).fill((genuine[0] ?? 0) ^ 1, 0, 1)),
    ],
    ["DER", withSignature((_f, genuine) => derOf(genuine))],
    [
      "the genuine one under another payload",
      ({ claims, genuine }) => replacePart(genuine, 1, { ...claims, role: "admin" }),
    ],
    [
      "the genuine one under another header",
      ({ header, genuine }) => replacePart(genuine, 0, { ...header, x: 1 }),
    ],
  ]);
});

test("the text of a token cannot be varied", async () => {
  const at = (index: 0 | 1 | 2, change: (part: string) => string) => (f: Forge) => {
    const changed: string[] = parts(f.genuine);
    changed[index] = change(changed[index] ?? "");
    return changed.join(".");
  };
  const rows: Row[] = ([0, 1, 2] as const).flatMap((index): Row[] => [
    [`= after part ${index}`, at(index, (part) => `${part}=`)],
    [`== after part ${index}`, at(index, (part) => `${part}==`)],
    [`space inside part ${index}`, at(index, (part) => `${part.slice(0, 4)} ${part.slice(4)}`)],
    [`tab inside part ${index}`, at(index, (part) => `${part.slice(0, 4)}\t${part.slice(4)}`)],
    [`plus inside part ${index}`, at(index, (part) => `${part.slice(0, 4)}+${part.slice(4)}`)],
    [`quote inside part ${index}`, at(index, (part) => `${part.slice(0, 4)}"${part.slice(4)}`)],
    [`brace inside part ${index}`, at(index, (part) => `{${part}`)],
    [`a letter beyond ASCII in part ${index}`, at(index, (part) => `${part}\u00ff`)],
  ]);
  await attack([
    ...rows,
    ["last character + 1", ({ genuine }) => genuine.slice(0, -1) + nextInAlphabet(genuine.slice(-1))],
    [
      "the alphabet of plain base64",
      at(2, (part) => Buffer.from(part, "base64url").toString("base64").replace(/=+$/, "/")),
    ],
    ["padded base64", at(2, (part) => Buffer.from(part, "base64url").toString("base64"))],
    ["quoted", ({ genuine }) => `"${genuine}"`],
    ["percent-encoded dot", ({ genuine }) => genuine.replace(".", "%2E")],
    ["percent-encoded letter", ({ genuine }) => genuine.replace(/^e/, "%65")],
    ["dot in front", ({ genuine }) => `.${genuine}`],
    ["dot behind", ({ genuine }) => `${genuine}.`],
    ["twice, with a comma", ({ genuine }) => `${genuine},${genuine}`],
    ["twice, with a space", ({ genuine }) => `${genuine} ${genuine}`],
  ]);
});

test("a number of parts that is not three", async () => {
  await attack([
    ["1 part", ({ genuine }) => parts(genuine)[0]],
    ["2 parts", ({ genuine }) => parts(genuine).slice(0, 2).join(".")],
    ["4 parts", ({ genuine }) => `${genuine}.${parts(genuine)[2]}`],
    ["5 parts", ({ genuine }) => `${genuine}.e30.e30`],
    ["6 parts", ({ genuine }) => `${genuine}.e30.e30.e30`],
    ["empty middle", ({ genuine }) => `${parts(genuine)[0]}..${parts(genuine)[2]}`],
    ["..", () => ".."],
    ["dots", () => ".".repeat(2_000)],
    ["one letter", () => "x"],
    [
      "a JWE with alg dir",
      () => `${encodePart({ alg: "dir", enc: "A256GCM", typ: "at+jwt" })}..AAAA.AAAA.AAAA`,
    ],
    [
      "a JWE with PBES2",
      () => `${encodePart({ alg: "PBES2-HS256+A128KW", enc: "A128GCM", p2c: 2 ** 31 })}.AA.AA.AA.AA`,
    ],
  ]);
});

test("the JSON serialisations", async () => {
  const flattened = ({ genuine }: Forge) => {
    const [header, payload, signature] = parts(genuine);
    return { protected: header, payload, signature };
  };
  await attack([
    ["flattened", (f) => JSON.stringify(flattened(f))],
    ["general", (f) => JSON.stringify({ payload: parts(f.genuine)[1], signatures: [flattened(f)] })],
    ["a compact token with a JSON tail", ({ genuine }) => `${genuine}{"payload":"e30"}`],
    ["flattened, encoded", (f) => encodePart(flattened(f))],
  ]);
});

test("oversized tokens", async () => {
  const padded = (bytes: number) => (f: Forge) => f.withClaims({ filler: "x".repeat(bytes) });
  await attack([
    ["8 KB, truly signed", padded(6_000)],
    ["14 KB, truly signed", padded(10_000)],
    [
      "200 claims, truly signed",
      (f) => f.withClaims(Object.fromEntries(numbers(200).map((n) => [`claim${n}`, n]))),
    ],
    [
      "30 tokens in one header",
      ({ genuine }) =>
        numbers(20)
          .fill(0)
          .map(() => genuine)
          .join(" "),
    ],
  ]);
});

test("tokens that are larger than a header may be never reach the application", async () => {
  for (const bytes of [16 * 1024, 64 * 1024, 4 * 1024 * 1024]) {
    const { statuses } = await target().raw(
      `GET /api/auth/session HTTP/1.1\r\nHost: ${target().host}\r\nAuthorization: Bearer ${"a".repeat(bytes)}\r\n\r\n`,
    );
    // The connection may be gone before 4 MB are written, and the answer with it.
    expect(statuses.length === 0 || statuses[0] === 431, `${bytes}: ${statuses}`).toBe(true);
  }
  expect((await target().send({ path: "/healthz" })).status).toBe(200);
});

test("a page sends the bearer of a forged cookie to sign in", async () => {
  for (const token of [forge.withHeader({ alg: "none" }), forge.withClaims({ exp: 1 }), "x"]) {
    const answer = await target().send({
      path: "/account",
      headers: { cookie: `${ACCESS_COOKIE}=${token}` },
    });
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toBe("/login?return_to=%2Faccount");
    expect(answer.text).not.toMatch(/<|token/i);
  }
});

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const publicKeyOf = ({ publicJwk }: Forge): KeyObject => createPublicKey({ key: publicJwk, format: "jwk" });

function hmacSigned({ header, claims }: Forge, changes: Json, secret: string | Buffer): string {
  const signingInput = `${encodePart({ ...header, ...changes })}.${encodePart(claims)}`;
  const digest = String(changes.alg).replace("HS", "sha");
  return `${signingInput}.${createHmac(digest, secret).update(signingInput).digest("base64url")}`;
}

function replacePart(token: string, index: 0 | 1, part: Json): string {
  const changed: string[] = parts(token);
  changed[index] = encodePart(part);
  return changed.join(".");
}

function nextInAlphabet(character: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return alphabet[(alphabet.indexOf(character) + 1) % 64] ?? "A";
}

/** An ECDSA signature as X.509 writes it: SEQUENCE { INTEGER r, INTEGER s }. */
function derOf(signature: Buffer): Buffer {
  const integer = (value: Buffer) => {
    const positive = (value[0] ?? 0) < 128 ? value : Buffer.concat([Buffer.alloc(1), value]);
    return Buffer.concat([Buffer.from([2, positive.length]), positive]);
  };
  const both = Buffer.concat([integer(signature.subarray(0, 32)), integer(signature.subarray(32))]);
  return Buffer.concat([Buffer.from([0x30, both.length]), both]);
}
