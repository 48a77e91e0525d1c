import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { calculateJwkThumbprint } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newKeyPair } from "@/lib/crypto/testing/key-pair";
import { freshDatabase, type TestDatabase } from "../../e2e/support/fresh-database";
import { queryDatabase } from "../../e2e/support/query-database";
import { startNode } from "../../e2e/support/running-process";
import { sha256 } from "../../lib/crypto/derive-key";

const SECRET = "0123456789abcdefghijklmnopqrstuvwxyz";
const SECRET_TEXT = /^[A-Za-z0-9_-]{43}$/;
const FEED_TOKEN = /^latchkey_feed_[A-Za-z0-9_-]{43}$/;

let database: TestDatabase;
let folder: string;
beforeAll(async () => {
  database = await freshDatabase();
  folder = await mkdtemp(join(tmpdir(), "latchkey-audiences-"));
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

async function cli(words: string[], env: Record<string, string> = {}) {
  const command = startNode(["scripts/cli.mjs", "audiences", ...words], {
    DATABASE_URL: database.url,
    APP_SECRET: SECRET,
    APP_SECRET_FILE: "",
    SESSION_ALGORITHM: "",
    SIGNER_SOCKET: "",
    LOG_LEVEL: "trace",
    ...env,
  });
  const code = await command.ended;
  return { code, output: command.output(), lines: command.output().trimEnd().split("\n") };
}

async function json(...words: string[]) {
  const { code, output } = await cli([...words, "--json"]);
  expect(code, output).toBe(0);
  return JSON.parse(output);
}

const sql = <Row extends object>(text: string, values: unknown[] = []) =>
  queryDatabase<Row>(database.url, text, values);
const secretsOf = (identifier: string) =>
  sql<{ kid: string; state: string }>(
    "SELECT kid, state FROM signing_keys WHERE use = $1 ORDER BY created_at",
    [`audience:${identifier}`],
  );
const feedTokenHashes = async (identifier: string) => {
  const [row] = await sql<{ feed_token_hash: Buffer; previous_feed_token_hash: Buffer | null }>(
    "SELECT feed_token_hash, previous_feed_token_hash FROM audiences WHERE identifier = $1",
    [identifier],
  );
  return [row?.feed_token_hash.toString("hex"), row?.previous_feed_token_hash?.toString("hex")];
};
const hashOf = (text: string) => Buffer.from(sha256(text)).toString("hex");

const publicJwk = () => newKeyPair("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" });

async function file(name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

describe("`add`", () => {
  it("says what it has added, and prints the feed token on a line of its own", async () => {
    const { code, lines } = await cli(["add", "orders", "--profile", "mesh"]);
    expect(lines).toEqual([
      "orders is added: mesh, ES256, 600 s, no scope.",
      "Feed token of orders, not shown again:",
      expect.stringMatching(FEED_TOKEN),
    ]);
    expect(code).toBe(0);
    expect(await feedTokenHashes("orders")).toEqual([hashOf(lines[2] ?? ""), undefined]);
    const [event] = await sql<{ details: object; actor_id: string | null }>(
      "SELECT details, actor_id FROM audit_events WHERE type = 'audience.created'",
    );
    expect(event).toMatchObject({ actor_id: null, details: { audience: "orders", profile: "mesh" } });
  });

  it("takes every option, an address as the name, and makes a key of the algorithm", async () => {
    const identifier = "https://stock.example/v1";
    const options = ["--profile", "mesh", "--algorithm", "EdDSA", "--lifetime", "120", "--scope", "a b"];
    const { audience, secret } = await json("add", identifier, ...options);
    expect(audience).toMatchObject({
      identifier,
      profile: "mesh",
      algorithm: "EdDSA",
      lifetimeSeconds: 120,
      scope: "a b",
      hasFeedToken: true,
    });
    expect(secret).toBeNull();
    const keys = await sql<{ state: string }>("SELECT state FROM signing_keys WHERE algorithm = 'EdDSA'");
    expect(keys.map(({ state }) => state).sort()).toEqual(["active", "staged"]);
  });

  it("takes the public key of high-security from a file", async () => {
    const jwk = publicJwk();
    const path = await file("public.json", jwk);
    const { audience } = await json("add", "payroll", "--profile", "high-security", "--encryption-jwk", path);
    expect(audience).toMatchObject({ algorithm: "ES256", lifetimeSeconds: 300, encryptionJwk: jwk });
  });

  it("prints the secret of legacy, whose thumbprint is its kid", async () => {
    const { secret, feedToken } = await json("add", "mainframe", "--profile", "legacy");
    expect(secret.secret).toMatch(SECRET_TEXT);
    expect(feedToken).toMatch(FEED_TOKEN);
    const k = Buffer.from(secret.secret).toString("base64url");
    expect(secret.kid).toBe(await calculateJwkThumbprint({ kty: "oct", k }));
    expect(await secretsOf("mainframe")).toEqual([{ kid: secret.kid, state: "active" }]);
  });

  it("refuses what is taken, and prints nothing secret then", async () => {
    const { code, output } = await cli(["add", "mainframe", "--profile", "legacy"]);
    expect({ code, output }).toEqual({
      code: 1,
      output: "There is an audience of this identifier already.\n",
    });
  });
});

it.each([
  ["no profile", ["add", "x"], 2, "--profile: Choose one of the profiles.\n"],
  ["an unknown profile", ["add", "x", "--profile", "meshes"], 2, "--profile: Choose one of the profiles.\n"],
  [
    "an unknown algorithm",
    ["add", "x", "--profile", "mesh", "--algorithm", "none"],
    2,
    "--algorithm: Choose one of the algorithms.\n",
  ],
  [
    "a lifetime that is no number",
    ["add", "x", "--profile", "mesh", "--lifetime", "soon"],
    2,
    "--lifetime: A whole number of seconds.\n",
  ],
  ["a name that is none", ["add", "x/y", "--profile", "mesh"], 2, /^"x\/y" is no identifier\. Give a name/],
  ["no name", ["add", "--profile", "mesh"], 2, /^Usage: npm run cli -- audiences add IDENTIFIER --profile/],
  ["an unknown option", ["add", "x", "--profile", "mesh", "--secret", "x"], 2, /Unknown option '--secret'/],
  ["no change", ["change", "orders"], 2, /^Say what to change: --lifetime, --scope/],
  [
    "a profile for nobody outside",
    ["add", "x", "--profile", "monolith"],
    1,
    /monolith is for the pages of this application alone/,
  ],
  [
    "an algorithm of another profile",
    ["add", "x", "--profile", "mesh", "--algorithm", "HS256"],
    1,
    /The profile mesh takes ES256, RS256, EdDSA\.\n$/,
  ],
  [
    "a lifetime that is too long",
    ["change", "orders", "--lifetime", "901"],
    1,
    /A number from 60 to 900\.\n$/,
  ],
  [
    "a file that is not there",
    ["add", "x", "--profile", "high-security", "--encryption-jwk", "nowhere.json"],
    1,
    "The file nowhere.json cannot be read.\n",
  ],
  [
    "high-security without a key",
    ["add", "x", "--profile", "high-security"],
    1,
    /or the address of its JWKS/,
  ],
  [
    "an address on this machine",
    ["add", "x", "--profile", "high-security", "--jwks-uri", "https://127.0.0.1/jwks.json"],
    1,
    /private|loopback|PRIVATE_HOSTS/,
  ],
  [
    "to change what is not there",
    ["change", "nobody", "--lifetime", "60"],
    1,
    /^There is no audience nobody;/,
  ],
  ["to remove it", ["remove", "nobody"], 1, /^There is no audience nobody;/],
  ["a feed token for it", ["feed-token", "nobody"], 1, /^There is no audience nobody;/],
  ["a secret for it", ["secret", "nobody"], 1, /^There is no audience nobody;/],
  [
    "a secret for another profile",
    ["secret", "orders"],
    1,
    "orders has no secret of its own: it is of the profile mesh.\n",
  ],
  [
    "to activate what does not wait",
    ["activate-secret", "mainframe"],
    1,
    /^No secret of mainframe waits; `audiences secret` makes one\.\n$/,
  ],
])("%s is refused in words", async (_, words, code, says) => {
  const { code: ended, output } = await cli(words);
  const expected = typeof says === "string" ? says : expect.stringMatching(says);
  expect({ code: ended, output }).toEqual({ code, output: expected });
  expect(await sql("SELECT 1 FROM audiences WHERE identifier = 'x'")).toEqual([]);
});

it("a private key in the file is refused without being repeated", async () => {
  const { privateKey } = newKeyPair("ec", { namedCurve: "P-256" });
  const jwk = privateKey.export({ format: "jwk" });
  const path = await file("private.json", jwk);
  const { code, output } = await cli(["add", "x", "--profile", "high-security", "--encryption-jwk", path]);
  expect({ code, output }).toEqual({ code: 1, output: expect.stringMatching(/This is a private key\./) });
  expect(output).not.toContain(jwk.d);
});

it("`change` changes what it is told and nothing else, and takes a scope away", async () => {
  const before = await json("list");
  const changed = await json("change", "https://stock.example/v1", "--lifetime", "90");
  expect(changed.audience).toMatchObject({ lifetimeSeconds: 90, scope: "a b", algorithm: "EdDSA" });
  const { audience } = await json("change", "https://stock.example/v1", "--scope", "");
  expect(audience).toMatchObject({ lifetimeSeconds: 90, scope: null });
  const others = ({ identifier }: { identifier: string }) => identifier !== audience.identifier;
  expect((await json("list")).audiences.filter(others)).toEqual(before.audiences.filter(others));
});

it("`change` replaces the key of high-security", async () => {
  const jwk = publicJwk();
  const path = await file("next.json", { ...jwk, kid: "next", use: "enc" });
  const { audience } = await json("change", "payroll", "--encryption-jwk", path);
  expect(audience).toMatchObject({ encryptionJwk: { ...jwk, kid: "next" }, jwksUri: null });
});

it("`feed-token` prints a new one, and the newest two are kept", async () => {
  const first = (await json("feed-token", "orders")).feedToken;
  const { code, lines } = await cli(["feed-token", "orders"]);
  expect(lines).toEqual(["Feed token of orders, not shown again:", expect.stringMatching(FEED_TOKEN)]);
  expect(code).toBe(0);
  expect(await feedTokenHashes("orders")).toEqual([hashOf(lines[1] ?? ""), hashOf(first)]);
});

it("`secret` makes the next one, once, and `activate-secret` lets it sign", async () => {
  const [former] = await secretsOf("mainframe");
  const { code, lines } = await cli(["secret", "mainframe"]);
  expect(lines).toEqual([
    "Secret of mainframe, not shown again:",
    expect.stringMatching(SECRET_TEXT),
    "Let the service accept it beside the present one, then run `audiences activate-secret`.",
  ]);
  expect(code).toBe(0);
  const { output } = await cli(["list"]);
  expect(output).toMatch(/^mainframe +legacy +HS256 +600 s +yes +yes +-$/m);
  expect(output).not.toContain(lines[1] ?? "");

  const again = await cli(["secret", "mainframe"]);
  expect(again).toMatchObject({ code: 1, output: "A new secret is waiting already. Activate it first.\n" });
  const { kid } = await json("activate-secret", "mainframe");
  expect(await secretsOf("mainframe")).toEqual([
    { kid: former?.kid, state: "retiring" },
    { kid, state: "active" },
  ]);
  expect((await cli(["list"])).output).toMatch(/^mainframe +legacy +HS256 +600 s +yes +no +-$/m);
});

it("nothing that was told once is in the database as it was told", async () => {
  const { secret, feedToken } = await json("add", "told-once", "--profile", "legacy");
  const tables = await sql<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
  );
  for (const { name } of tables) {
    const rows = JSON.stringify(await sql(`SELECT * FROM "${name}"`));
    const bytes = JSON.stringify([...Buffer.from(secret.secret)]);
    for (const told of [secret.secret, feedToken, bytes]) expect(rows.includes(told), name).toBe(false);
  }
});

it("`remove` erases the secrets, and the name may be used again", async () => {
  const { code, output } = await cli(["remove", "mainframe"]);
  expect({ code, output }).toEqual({
    code: 0,
    output:
      "mainframe is removed.\n" +
      "A service that reads the revocation feed can read it no longer, and refuses everybody once its bound is over (30 s " +
      "unless set, high-security 5 s). Any other accepts a token that has been made until it expires.\n",
  });
  const kept = await sql<{ state: string; sealed_private_key: Buffer | null }>(
    "SELECT state, sealed_private_key FROM signing_keys WHERE use = 'audience:mainframe'",
  );
  expect(kept).toHaveLength(2);
  for (const key of kept) expect(key).toEqual({ state: "retired", sealed_private_key: null });
  expect((await json("list")).audiences.map(({ identifier }: { identifier: string }) => identifier)).toEqual([
    "https://stock.example/v1",
    "orders",
    "payroll",
    "told-once",
  ]);
  expect((await cli(["add", "mainframe", "--profile", "mesh"])).code).toBe(0);
});

it("keys are not made under another secret than the instances have", async () => {
  const env = { APP_SECRET: "zyxwvutsrqponmlkjihgfedcba9876543210" };
  for (const words of [
    ["add", "x", "--profile", "legacy"],
    ["secret", "told-once"],
    ["remove", "told-once"],
  ]) {
    expect(await cli(words, env)).toMatchObject({
      code: 1,
      output: expect.stringMatching(/cannot be opened/),
    });
  }
  expect(await secretsOf("x")).toEqual([]);
  expect(await secretsOf("told-once")).toHaveLength(1);
});
