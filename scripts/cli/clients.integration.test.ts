import { afterAll, beforeAll, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "../../e2e/support/fresh-database";
import { queryDatabase } from "../../e2e/support/query-database";
import { startNode } from "../../e2e/support/running-process";
import { sha256 } from "../../lib/crypto/derive-key";
import { DEVICE_CODE } from "../../lib/oauth/client";

const SECRET = "0123456789abcdefghijklmnopqrstuvwxyz";
const CLIENT_SECRET = /^latchkey_secret_[A-Za-z0-9_-]{43}$/;
const NOBODY = "client_AAAAAAAAAAAAAAAAAAAAAA";

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase();
  const { code, output } = await cli(["audiences", "add", "orders", "--profile", "mesh"]);
  expect(code, output).toBe(0);
});
afterAll(() => database.drop());

async function cli(words: string[], env: Record<string, string> = {}) {
  const command = startNode(["scripts/cli.mjs", ...words], {
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

const clients = (...words: string[]) => cli(["clients", ...words]);

async function json(...words: string[]) {
  const { code, output } = await clients(...words, "--json");
  expect(code, output).toBe(0);
  return JSON.parse(output);
}

const sql = <Row extends object>(text: string, values: unknown[] = []) =>
  queryDatabase<Row>(database.url, text, values);

async function secretHashes(id: string) {
  const [row] = await sql<{ secret_hash: Buffer | null; previous_secret_hash: Buffer | null }>(
    "SELECT secret_hash, previous_secret_hash FROM clients WHERE id = $1",
    [id],
  );
  return [row?.secret_hash?.toString("hex"), row?.previous_secret_hash?.toString("hex")];
}
const hashOf = (text: string) => Buffer.from(sha256(text)).toString("hex");

const SERVICE = [
  ...["--auth-method", "client_secret", "--grant-types", "client_credentials"],
  ...["--audiences", "orders"],
];

/** As another command has left it. */
async function idOf(name: string): Promise<string> {
  const [row] = await sql<{ id: string }>("SELECT id FROM clients WHERE name = $1", [name]);
  return row?.id ?? "";
}

it("`add` says what it has added, and prints the secret on a line of its own", async () => {
  const { code, lines } = await clients("add", "Billing", ...SERVICE);
  const id = await idOf("Billing");
  expect(lines).toEqual([
    `Billing is added. Its client_id is ${id}.`,
    `Secret of ${id}, not shown again:`,
    expect.stringMatching(CLIENT_SECRET),
  ]);
  expect(code).toBe(0);
  expect(await secretHashes(id)).toEqual([hashOf(lines[2] ?? ""), undefined]);
  const [event] = await sql<{ details: object; actor_id: string | null }>(
    "SELECT details, actor_id FROM audit_events WHERE type = 'client.created'",
  );
  expect(event).toMatchObject({ actor_id: null, details: { clientId: id, audiences: "orders" } });
});

it("`add` takes every option, makes a key of the algorithm, and keeps nothing as it was told", async () => {
  const { client, secret } = await json(
    ...["add", "Notes", "--auth-method", "client_secret"],
    ...["--grant-types", "authorization_code device_code"],
    ...["--redirect-uris", "https://notes.example/callback  com.example.notes:/callback"],
    ...["--post-logout-redirect-uris", "https://notes.example/bye"],
    ...["--origins", "https://notes.example https://www.notes.example"],
    ...["--scope", "openid email orders:read", "--audiences", "orders", "--algorithm", "EdDSA"],
    ...["--requires-dpop", "yes", "--requires-pushed-requests", "no"],
    ...["--backchannel-logout-uri", "https://notes.example/logout"],
  );
  expect(client).toMatchObject({
    name: "Notes",
    authMethod: "client_secret",
    grantTypes: ["authorization_code", DEVICE_CODE],
    redirectUris: ["https://notes.example/callback", "com.example.notes:/callback"],
    postLogoutRedirectUris: ["https://notes.example/bye"],
    origins: ["https://notes.example", "https://www.notes.example"],
    scope: "openid email orders:read",
    audiences: ["orders"],
    algorithm: "EdDSA",
    requiresDpop: true,
    requiresPushedRequests: false,
    backchannelLogoutUri: "https://notes.example/logout",
  });
  expect(secret).toMatch(CLIENT_SECRET);
  const keys = await sql<{ state: string }>("SELECT state FROM signing_keys WHERE algorithm = 'EdDSA'");
  expect(keys.map(({ state }) => state).sort()).toEqual(["active", "staged"]);
  const tables = await sql<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
  );
  expect(tables.map(({ name }) => name)).toContain("clients");
  for (const { name } of tables) {
    expect(JSON.stringify(await sql(`SELECT * FROM "${name}"`)).includes(secret), name).toBe(false);
  }
});

it("`list` has a line for each, the newest first", async () => {
  const { code, lines } = await clients("list");
  expect({ code, count: lines.length }).toEqual({ code: 0, count: 3 });
  expect(lines[0]).toMatch(/^ID +NAME +METHOD +GRANT TYPES +SCOPE$/);
  expect(lines[1]).toMatch(
    /^client_.{22} +Notes +client_secret +authorization_code device_code +openid email/,
  );
  expect(lines[2]).toMatch(/^client_.{22} +Billing +client_secret +client_credentials +-$/);
});

it("`change` changes what it is told and nothing else, and takes away what is empty", async () => {
  const id = await idOf("Notes");
  const said = await clients("change", id, "--name", "Letters", "--requires-dpop", "no");
  expect(said).toMatchObject({ code: 0, output: "Letters is changed.\n" });
  const empty = ["--backchannel-logout-uri", "", "--post-logout-redirect-uris", "", "--scope", ""];
  const { client } = await json("change", id, ...empty);
  expect(client).toMatchObject({
    name: "Letters",
    redirectUris: ["https://notes.example/callback", "com.example.notes:/callback"],
    postLogoutRedirectUris: [],
    scope: "",
    requiresDpop: false,
    backchannelLogoutUri: null,
  });
  expect((await json("list")).clients[0]).toEqual(client);
});

it("`add-secret` prints the next one, and `end-previous-secret` ends the former", async () => {
  const id = await idOf("Billing");
  const [former] = await secretHashes(id);
  const { lines } = await clients("add-secret", id);
  expect(lines).toEqual([`Secret of ${id}, not shown again:`, expect.stringMatching(CLIENT_SECRET)]);
  expect(await secretHashes(id)).toEqual([hashOf(lines[1] ?? ""), former]);
  const ended = await clients("end-previous-secret", id);
  expect(ended).toMatchObject({ code: 0, output: `The newest secret of ${id} alone works now.\n` });
  expect(await secretHashes(id)).toEqual([hashOf(lines[1] ?? ""), undefined]);
});

it("`revoke` refuses what a client got for itself, and says why in the audit log", async () => {
  const id = await idOf("Billing");
  const tokensId = async () =>
    (await sql<{ tokens_id: string }>("SELECT tokens_id FROM clients WHERE id = $1", [id]))[0]?.tokens_id;
  const former = await tokensId();
  const { code, output } = await clients("revoke", id, "--reason", "found in a backup");
  expect({ code, output }).toEqual({ code: 0, output: "0 grants ended, and its own tokens are refused.\n" });
  expect(await tokensId()).not.toBe(former);
  expect(await sql("SELECT 1 FROM denials WHERE kind = 'sid' AND value = $1", [former])).toHaveLength(1);
  const [event] = await sql<{ details: object }>(
    "SELECT details FROM audit_events WHERE type = 'client.tokens_revoked'",
  );
  expect(event?.details).toMatchObject({ clientId: id, note: "found in a backup" });
});

it("keys are not made under another secret than the instances have", async () => {
  const env = { APP_SECRET: "zyxwvutsrqponmlkjihgfedcba9876543210" };
  const { code, output } = await cli(["clients", "add", "Refused", ...SERVICE], env);
  expect({ code, output }).toEqual({ code: 1, output: expect.stringMatching(/cannot be opened/) });
  expect(await idOf("Refused")).toBe("");
});

it("`remove` removes it, and says so once", async () => {
  const id = await idOf("Billing");
  const { code, output } = await clients("remove", id);
  expect({ code, output }).toEqual({ code: 0, output: `${id} is removed, and what it held is refused.\n` });
  expect(await idOf("Billing")).toBe("");
  expect(await clients("remove", id)).toMatchObject({
    code: 1,
    output: `There is no client ${id}; \`clients list\` shows those that there are.\n`,
  });
  expect(await sql("SELECT 1 FROM audit_events WHERE type = 'client.removed'")).toHaveLength(1);
});

it.each<[says: string, words: string[], code: number, output: string | RegExp]>([
  [
    "no method",
    ["add", "Refused"],
    2,
    /^--auth-method: Choose one of none, client_secret, private_key_jwt\.\n$/,
  ],
  [
    "an unknown audience",
    ["add", "Refused", ...SERVICE.slice(0, 4), "--audiences", "nobody"],
    1,
    /There is no audience nobody\.\n$/,
  ],
  ["another method", ["change", NOBODY, "--auth-method", "none"], 2, /auth-method/],
  ["a secret for nobody", ["add-secret", NOBODY], 1, `There is no client ${NOBODY} with a secret.\n`],
  [
    "to end a former secret that is none",
    ["end-previous-secret", NOBODY],
    1,
    `There is no client ${NOBODY} with a former secret.\n`,
  ],
])("%s is refused in words", async (_, words, code, says) => {
  const { code: ended, output } = await clients(...words);
  const expected = typeof says === "string" ? says : expect.stringMatching(says);
  expect({ code: ended, output }).toEqual({ code, output: expected });
  expect(await idOf("Refused")).toBe("");
});
