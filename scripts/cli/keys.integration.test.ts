import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { freshDatabase, type TestDatabase } from "../../e2e/support/fresh-database";
import { queryDatabase } from "../../e2e/support/query-database";
import { startNode } from "../../e2e/support/running-process";
import { newAudienceSchema } from "../../lib/audiences/audience-input";
import { addAudienceSecret, createAudience } from "../../lib/audiences/manage-audiences";
import { COMMAND_LINE } from "../../lib/audit/actor";
import { readSettings } from "../../lib/config/settings";
import { createServices, type Services } from "../../lib/services";
import type { Command, CommandResult } from "./command";
import { keysRevoke, keysRewrap, keysRotate } from "./keys";
import { keysList } from "./keys-list";

const SECRET = "0123456789abcdefghijklmnopqrstuvwxyz";
const LATER = "zyxwvutsrqponmlkjihgfedcba9876543210";
const OTHER = "9876543210abcdefghijklmnopqrstuvwxyz";
const INSTANT = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/;

let database: TestDatabase;
const opened: Services[] = [];
beforeEach(async () => {
  database = await freshDatabase();
});
afterEach(async () => {
  for (const services of opened.splice(0)) await services.stop();
  await database.drop();
});

/** A process of these settings, which has not looked at the keys yet. */
function services(secrets: string, env: Record<string, string> = {}): Services {
  const settings = readSettings({
    DATABASE_URL: database.url,
    APP_SECRET: secrets,
    LOG_LEVEL: "silent",
    ...env,
  });
  const latchkey = createServices(settings);
  opened.push(latchkey);
  return latchkey;
}

/** An instance has been here: one key signs, one is staged. */
async function instance(secrets: string, env?: Record<string, string>) {
  const latchkey = services(secrets, env);
  await latchkey.openKeys();
  return { latchkey, active: latchkey.keyring.signer.kid, staged: latchkey.keyring.nextKey?.kid ?? "" };
}

const run = async (
  command: Command,
  latchkey: Services,
  positionals: string[] = [],
  options: Record<string, string> = {},
) =>
  (await command.run(latchkey, { positionals, options })) as CommandResult & {
    data: Record<string, unknown>;
  };

async function cli(...words: string[]) {
  const command = startNode(["scripts/cli.mjs", "keys", ...words], {
    DATABASE_URL: database.url,
    APP_SECRET: SECRET,
    APP_SECRET_FILE: "",
    SESSION_ALGORITHM: "",
    SIGNER_SOCKET: "",
  });
  return { code: await command.ended, output: command.output() };
}

const sql = <Row extends object>(text: string) => queryDatabase<Row>(database.url, text);
const statesOf = async () =>
  Object.fromEntries(
    (await sql<{ kid: string; state: string }>("SELECT kid, state FROM signing_keys")).map((row) => [
      row.kid,
      row.state,
    ]),
  );
const age = (kid: string) =>
  sql(`UPDATE signing_keys SET created_at = created_at - interval '1 hour' WHERE kid = '${kid}'`);
const events = (type: string) =>
  sql<{ details: object }>(`SELECT details FROM audit_events WHERE type = '${type}'`);

it("`list` says of each key what it does and who holds it, which one signs and which is next", async () => {
  const { active, staged } = await instance(SECRET);
  const { code, output } = await cli("list");
  const [headings, ...rows] = output.split("\n");
  expect(headings).toMatch(/^KID +USE +ALGORITHM +STATE +CUSTODY +CREATED +SIGNS FROM +UNTIL +SIGNED$/);
  const rowOf = (kid: string) => rows.find((row) => row.startsWith(`${kid} `)) ?? "";
  expect(rowOf(active)).toMatch(
    / access_token +ES256 +active, signs +sealed under the first secret +\S+Z +\S+Z +\S+Z +0$/,
  );
  expect(rowOf(staged)).toMatch(
    / access_token +ES256 +staged, next +sealed under the first secret +\S+Z +\S+Z +- +0$/,
  );
  expect(output).toMatch(
    new RegExp(`^${active} signs\\.\n${staged} is next, from ${INSTANT.source}, in 29 d 23 h\\.$`, "m"),
  );
  expect(code).toBe(0);
});

it("`list --json` has the same, and nothing secret", async () => {
  const { active, staged } = await instance(SECRET);
  const { output } = await cli("list", "--json");
  const { keys, nextRotationAt } = JSON.parse(output);
  expect(keys).toContainEqual({
    kid: active,
    use: "access_token",
    algorithm: "ES256",
    state: "active",
    isSigning: true,
    isNext: false,
    custody: "sealed under the first secret",
    createdAt: expect.stringMatching(INSTANT),
    signsFrom: expect.stringMatching(INSTANT),
    signsUntil: nextRotationAt,
    signedCount: 0,
    lastSignedAt: null,
    problem: null,
    revokeReason: null,
  });
  expect(keys).toContainEqual(
    expect.objectContaining({ kid: staged, isNext: true, signsFrom: nextRotationAt }),
  );
});

it("`list` says what is wrong with a key and changes nothing, whatever secret it is given", async () => {
  const { active } = await instance(SECRET);
  const before = await statesOf();
  const { lines, data } = await run(keysList, services(OTHER));
  expect(lines.join("\n")).toMatch(
    new RegExp(`^Signing key ${active} cannot be opened: .+APP_SECRET=new,earlier`, "m"),
  );
  expect(lines).toContain("No key signs here.");
  expect(data.keys).toContainEqual(
    expect.objectContaining({ kid: active, custody: "sealed under another secret" }),
  );
  expect(await statesOf()).toEqual(before);
});

it("`list` keeps what is over: when it stopped, why, and that nobody holds it", async () => {
  const { latchkey, active } = await instance(SECRET);
  await run(keysRevoke, latchkey, [active], { reason: "found in a backup" });
  const { data } = await run(keysList, latchkey);
  const over = { kid: active, state: "revoked", custody: "erased", revokeReason: "found in a backup" };
  expect(data.keys).toContainEqual(expect.objectContaining({ ...over, signsUntil: expect.any(Date) }));
});

it("`rotate` says from when the staged key signs", async () => {
  const { staged, active } = await instance(SECRET);
  const { code, output } = await cli("rotate", "--reason", "an administrator left");
  expect(output).toMatch(
    new RegExp(`^${staged} signs from ${INSTANT.source}, in 1[45] min( \\d+ s)?: by then every`),
  );
  expect(code).toBe(0);
  expect((await statesOf())[active]).toBe("active");
  const [event] = await events("signing_key.rotation_requested");
  expect(event?.details).toMatchObject({ kid: staged, note: "an administrator left" });
});

it("`rotate` says that it signs now where every verifier has had the time", async () => {
  const { latchkey, staged, active } = await instance(SECRET);
  await age(staged);
  const { lines, data } = await run(keysRotate, latchkey);
  expect(lines).toEqual([`${staged} signs now.`]);
  expect(data).toMatchObject({ kid: staged, isSigning: true });
  expect(await statesOf()).toMatchObject({ [staged]: "active", [active]: "retiring" });
});

it.each([
  ["secret", OTHER, {}, /cannot be opened.+Put the earlier secret behind/],
  [
    "algorithm",
    SECRET,
    { SESSION_ALGORITHM: "EdDSA" },
    /^SESSION_ALGORITHM is EdDSA here, and every key is for ES256/,
  ],
])("`rotate` and `rewrap` make no keys of their own under another %s", async (_, secret, env, says) => {
  await instance(SECRET);
  const before = await statesOf();
  for (const command of [keysRotate, keysRewrap]) {
    await expect(run(command, services(secret, env))).rejects.toThrow(says);
  }
  expect(await statesOf()).toEqual(before);
});

it("`revoke` says which key signs now", async () => {
  const { active, staged } = await instance(SECRET);
  const { code, output } = await cli("revoke", active, "--reason", "found in a backup");
  expect(output).toBe(`${active} is revoked. Nobody is signed out.\n${staged} signs now.\n`);
  expect(code).toBe(0);
  expect(await statesOf()).toMatchObject({ [active]: "revoked", [staged]: "active" });
  expect(await sql("SELECT kind, value FROM denials")).toEqual([{ kind: "kid", value: active }]);
});

it("`revoke` says which secret of the same audience signs now, or that there is none", async () => {
  const { latchkey } = await instance(SECRET);
  const reports = newAudienceSchema.parse({ identifier: "reports", profile: "legacy" });
  const { secret } = await createAudience(latchkey.audiences, reports, COMMAND_LINE);
  const next = await addAudienceSecret(latchkey.audiences, "reports", COMMAND_LINE);
  const revoke = (kid = "") => run(keysRevoke, latchkey, [kid], { reason: "shared too widely" });
  expect((await revoke(secret?.kid)).lines[1]).toBe(`${next.kid} signs now.`);
  const { lines, data } = await revoke(next.kid);
  expect(lines[1]).toMatch(/^Nothing signs for its audience now/);
  expect(data).toEqual({ kid: next.kid, signingKid: null });
});

it("`revoke` works under another secret too, and does not pretend to know who signs then", async () => {
  const { active, latchkey, staged } = await instance(SECRET);
  const { lines, data } = await run(keysRevoke, services(OTHER), [active], { reason: "stolen" });
  expect(lines[1]).toMatch(/^Which key signs cannot be seen from here: Signing key \S+ cannot be opened/);
  expect(data).toEqual({ kid: active, signingKid: null });
  await latchkey.openKeys();
  expect(latchkey.keyring.signer.kid).toBe(staged);
});

it.each([
  ["no reason", ["revoke", "some-kid"], 2, /^Give --reason TEXT, for the audit log\. Say why\.\n$/],
  ["an empty reason", ["revoke", "some-kid", "--reason", " "], 2, /^Give --reason TEXT/],
  [
    "a long reason",
    ["revoke", "some-kid", "--reason", "x".repeat(201)],
    2,
    /Use at most 200 characters\.\n$/,
  ],
  [
    "no key",
    ["revoke", "--reason", "stolen"],
    2,
    /^Usage: npm run cli -- keys revoke KID --reason TEXT \[--json\]\n$/,
  ],
  [
    "an unknown key",
    ["revoke", "some-kid", "--reason", "stolen"],
    1,
    /^No key some-kid is in use; `keys list` shows/,
  ],
  [
    "a key id like an option",
    ["revoke", `-${"a".repeat(42)}`, "--reason", "stolen"],
    1,
    /^No key -a{42} is in use/,
  ],
  ["an unknown verb", ["turn"], 2, /^There is no command "keys turn"\.\n\nUsage:/],
])("%s is refused in words", async (_, words, code, says) => {
  expect(await cli(...words)).toEqual({ code, output: expect.stringMatching(says) });
});

it("`rewrap` seals every key under the first secret, and says when the earlier one may go", async () => {
  const { active, staged } = await instance(SECRET);
  const both = services(`${LATER},${SECRET}`);
  const { lines, data, isRefusal } = await run(keysRewrap, both);
  expect(data.rewrapped).toEqual(expect.arrayContaining([active, staged]));
  expect(lines[0]).toBe("Sealed again under the first secret: 2. Every private key is under it now.");
  expect(lines.join(" ")).toMatch(
    /The earlier secret still renews sessions: .+ 7 days \(SESSION_IDLE_DAYS\)/,
  );
  expect(isRefusal).toBe(false);
  const alone = services(LATER);
  await alone.openKeys();
  expect(alone.keyring.signer.kid).toBe(active);
});

it("`rewrap` shows each key where standard error is a terminal, and nothing elsewhere", async () => {
  const { isTTY } = process.stderr;
  const { active, staged } = await instance(SECRET);
  const written: string[] = [];
  const write = vi
    .spyOn(process.stderr, "write")
    .mockImplementation((text) => written.push(String(text)) > 0);
  process.stderr.isTTY = false;
  await run(keysRewrap, services(`${OTHER},${SECRET}`));
  expect(written).toEqual([]);
  process.stderr.isTTY = true;
  await run(keysRewrap, services(`${LATER},${OTHER}`));
  process.stderr.isTTY = isTTY;
  write.mockRestore();
  const lines = written.filter((text) => text.includes("of at most 2 keys"));
  expect(lines).toHaveLength(2);
  for (const kid of [active, staged]) expect(lines.join("")).toContain(kid);
  expect(written.at(-1)).toBe("\r\x1b[K");
});

it("`rewrap` goes on where it was ended", async () => {
  const { active, staged } = await instance(SECRET);
  const both = services(`${LATER},${SECRET}`);
  const interrupted = keysRewrap.run(
    { ...both, keys: endingAfterOne(both) },
    { positionals: [], options: {} },
  );
  await expect(interrupted).rejects.toThrow("ended");
  const { data } = await run(keysRewrap, both);
  expect(data.rewrapped).toHaveLength(1);
  expect([active, staged]).toContain((data.rewrapped as string[])[0]);
  expect((await run(keysRewrap, both)).data.rewrapped).toEqual([]);
});

/** Its process is killed as it writes the second key. */
function endingAfterOne({ keys }: Services): Services["keys"] {
  let left = 1;
  return {
    ...keys,
    atomically: (work) =>
      keys.atomically((stores) => {
        const update: typeof stores.signingKeys.update = (record) => {
          left -= 1;
          return left < 0 ? Promise.reject(new Error("ended")) : stores.signingKeys.update(record);
        };
        return work({ ...stores, signingKeys: { ...stores.signingKeys, update } });
      }),
  };
}

it("`rewrap` leaves a key that cannot be opened as it is, and refuses with the remedy", async () => {
  const lost = await instance(OTHER);
  await instance(SECRET);
  const { lines, data, isRefusal } = await run(keysRewrap, services(`${LATER},${SECRET}`));
  expect(data.rewrapped).toHaveLength(2);
  expect(lines[0]).toBe("Sealed again under the first secret: 2. Not opened, and left as they were: 2.");
  for (const kid of [lost.active, lost.staged]) {
    expect(lines.join("\n")).toMatch(
      new RegExp(`^Signing key ${kid} cannot be opened: .+APP_SECRET=new,earlier`, "m"),
    );
  }
  expect(isRefusal).toBe(true);
  await lost.latchkey.openKeys();
  expect(lost.latchkey.keyring.signer.kid).toBe(lost.active);
});
