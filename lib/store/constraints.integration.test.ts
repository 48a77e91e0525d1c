import { randomBytes, randomUUID } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase, type TestDatabase } from "@/e2e/support/fresh-database";
import { randomId } from "@/lib/crypto/random";

let database: TestDatabase;
let sql: Client;
const userId = randomUUID();
const browserId = randomId();
const clientId = `client_${randomId()}`;
beforeAll(async () => {
  database = await freshDatabase();
  sql = new Client({ connectionString: database.url });
  await sql.connect();
  await insert("users", { id: userId, email: "ada@example.test", created_at: "2027-01-01" });
  await insert("sessions", { ...session(), id: browserId });
  await insert("clients", { ...client(), id: clientId });
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

type Row = Record<string, unknown>;

async function insert(table: string, row: Row): Promise<void> {
  const columns = Object.keys(row);
  const places = columns.map((_, n) => `$${n + 1}`);
  await sql.query(`INSERT INTO ${table} (${columns}) VALUES (${places})`, Object.values(row));
}

const HASH = Buffer.alloc(32, 1);
const user = (): Row => ({
  id: randomUUID(),
  email: `${randomUUID()}@example.test`,
  created_at: "2027-01-01",
});
const session = (): Row => ({
  id: randomUUID(),
  user_id: userId,
  secret_hash: HASH,
  generation: 2,
  acknowledged_generation: 1,
  rotated_at: "2027-01-02",
  acknowledged_at: "2027-01-02",
  authenticated_at: "2027-01-01",
  created_at: "2027-01-01",
  last_seen_at: "2027-01-02",
  idle_expires_at: "2027-01-09",
  expires_at: "2027-01-31",
  ip: "192.0.2.1",
  user_agent: "Firefox",
});
const key = (): Row => ({
  kid: randomUUID(),
  use: "access_token",
  algorithm: randomUUID(),
  state: "active",
  public_jwk: { kty: "EC" },
  custody: "app-secret:one",
  sealed_private_key: Buffer.alloc(8),
  created_at: "2027-01-01",
});
const link = (): Row => ({
  id: randomUUID(),
  purpose: "password_reset",
  token_hash: Buffer.from(randomUUID().replaceAll("-", "")),
  user_id: userId,
  created_at: "2027-01-01",
  expires_at: "2027-01-02",
});
const audience = (): Row => ({
  identifier: randomUUID(),
  profile: "mesh",
  algorithm: "ES256",
  lifetime_seconds: 600,
  created_at: "2027-01-01",
  updated_at: "2027-01-01",
});
const event = (): Row => ({ at: "2027-01-01", type: "session.started", details: {} });
const client = (): Row => ({
  id: `client_${randomId()}`,
  name: "Wages",
  auth_method: "client_secret",
  secret_hash: HASH,
  grant_types: ["authorization_code", "client_credentials"],
  redirect_uris: [],
  post_logout_redirect_uris: [],
  origins: [],
  scope: "openid",
  audiences: [],
  algorithm: "ES256",
  requires_dpop: false,
  requires_pushed_requests: false,
  tokens_id: randomId(),
  created_at: "2027-01-01",
  updated_at: "2027-01-01",
});
const grant = (): Row => ({
  ...session(),
  client_id: clientId,
  parent_id: browserId,
  audience: "orders",
  scope: "openid",
  is_offline: true,
  dpop_jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
});
const consent = (): Row => ({
  user_id: userId,
  client_id: clientId,
  audience: randomUUID(),
  scope: "openid",
  granted_at: "2027-01-01",
});
const code = (): Row => ({
  hash: randomBytes(32),
  client_id: clientId,
  user_id: userId,
  parent_id: browserId,
  redirect_uri: "http://127.0.0.1/callback",
  audience: "orders",
  scope: "openid",
  code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
  created_at: "2027-01-01T00:00:00Z",
  expires_at: "2027-01-01T00:01:00Z",
});
const pushedRequest = (): Row => ({
  hash: randomBytes(32),
  client_id: clientId,
  parameters: {},
  expires_at: "2027-01-01",
});
const device = (): Row => ({
  hash: randomBytes(32),
  user_code_hash: randomBytes(32),
  client_id: clientId,
  audience: "orders",
  scope: "openid",
  ip: "192.0.2.1",
  user_agent: "television",
  interval_seconds: 5,
  created_at: "2027-01-01",
  expires_at: "2027-01-02",
  decision: "allowed",
  decided_at: "2027-01-01",
  user_id: userId,
  parent_id: browserId,
});
const usedProof = (): Row => ({ hash: randomBytes(32), expires_at: "2027-01-01" });
const delivery = (): Row => ({
  client_id: clientId,
  user_id: userId,
  session_id: browserId,
  created_at: "2027-01-01",
  next_attempt_at: "2027-01-01",
});
const ROWS = {
  users: user,
  sessions: session,
  signing_keys: key,
  one_time_links: link,
  audiences: audience,
  audit_events: event,
  clients: client,
  consents: consent,
  authorization_codes: code,
  pushed_requests: pushedRequest,
  device_authorizations: device,
  used_proofs: usedProof,
  logout_deliveries: delivery,
};

describe("the database takes", () => {
  it.each(Object.entries(ROWS))("a row of %s as the application writes it", async (table, row) => {
    await insert(table, row());
  });

  it("a grant, and one whose browser is gone, as the application writes them", async () => {
    await insert("sessions", grant());
    await insert("sessions", { ...grant(), parent_id: null, dpop_jkt: null, is_offline: false });
  });
});

describe("the database refuses", () => {
  const DECIDED = "device_authorizations_decided_by_somebody";
  it.each<[string, keyof typeof ROWS, Row, string]>([
    ["an address in capitals", "users", { email: "Ada@example.test" }, "users_email_canonical"],
    ["an address twice", "users", { email: "ada@example.test" }, "users_email_key"],
    ["a secret in clear", "sessions", { secret_hash: Buffer.alloc(33) }, "sessions_secret_hash_is_sha256"],
    ["a session of nobody", "sessions", { user_id: randomUUID() }, "sessions_user_id_fkey"],
    ["a negative generation", "sessions", { generation: -1 }, "sessions_"],
    [
      "an acknowledgement to come",
      "sessions",
      { acknowledged_generation: 3 },
      "sessions_acknowledged_was_issued",
    ],
    ["a recovery to come", "sessions", { recovered_generation: 3 }, "sessions_recovered_was_issued"],
    ["an end without a reason", "sessions", { ended_at: "2027-01-02" }, "sessions_end_has_reason"],
    ["a reason without an end", "sessions", { end_reason: "logout" }, "sessions_end_has_reason"],
    ["idle beyond absolute", "sessions", { idle_expires_at: "2027-02-01" }, "sessions_idle_within_absolute"],
    [
      "a private key in the public part",
      "signing_keys",
      { public_jwk: { d: "x" } },
      "signing_keys_public_jwk",
    ],
    [
      "a secret key in the public part",
      "signing_keys",
      { public_jwk: { k: "x" } },
      "signing_keys_public_jwk",
    ],
    ["a private key that signs no more", "signing_keys", { state: "retiring" }, "signing_keys_private_key"],
    [
      "a secret of which no token is left",
      "signing_keys",
      { state: "retired", public_jwk: { kty: "oct" } },
      "signing_keys_private_key",
    ],
    [
      "a retiring secret that is gone",
      "signing_keys",
      { state: "retiring", public_jwk: { kty: "oct" }, sealed_private_key: null },
      "signing_keys_private_key",
    ],
    [
      "a private key that a signer outside holds",
      "signing_keys",
      { custody: "signer:one" },
      "signing_keys_private_key",
    ],
    ["a staged key without its time", "signing_keys", { state: "staged" }, "signing_keys_staged"],
    [
      "a revoked key without a reason",
      "signing_keys",
      { state: "revoked", sealed_private_key: null },
      "signing_keys_revoked",
    ],
    [
      "a signing key without private part",
      "signing_keys",
      { sealed_private_key: null },
      "signing_keys_private_key",
    ],
    [
      "a link's token in clear",
      "one_time_links",
      { token_hash: Buffer.alloc(31) },
      "one_time_links_token_hash",
    ],
    ["a reset link for nobody", "one_time_links", { user_id: null }, "one_time_links_setup_is_for_nobody"],
    [
      "a set-up link for somebody",
      "one_time_links",
      { purpose: "setup" },
      "one_time_links_setup_is_for_nobody",
    ],
    ["a token that lives too long", "audiences", { lifetime_seconds: 901 }, "audiences_lifetime"],
    ["a token that hardly lives", "audiences", { lifetime_seconds: 59 }, "audiences_lifetime"],
    ["an algorithm of another profile", "audiences", { algorithm: "HS256" }, "audiences_profile_has"],
    [
      "a shared secret that everybody verifies with",
      "audiences",
      { profile: "legacy", algorithm: "ES256" },
      "audiences_profile_has",
    ],
    [
      "a key to encrypt to where nothing is encrypted",
      "audiences",
      { encryption_jwk: { kty: "EC" } },
      "audiences_encryption_by_profile",
    ],
    [
      "nothing to encrypt to where everything is",
      "audiences",
      { profile: "high-security" },
      "audiences_encryption_by_profile",
    ],
    [
      "two keys to encrypt to",
      "audiences",
      { profile: "high-security", encryption_jwk: { kty: "EC" }, jwks_uri: "https://keys.example" },
      "audiences_encryption_by_profile",
    ],
    [
      "the private key of a service",
      "audiences",
      { profile: "high-security", encryption_jwk: { kty: "EC", d: "x" } },
      "audiences_encryption_jwk_is_public",
    ],
    ["a feed token in clear", "audiences", { feed_token_hash: Buffer.alloc(33) }, "audiences_feed_token"],
    [
      "a former feed token without a present one",
      "audiences",
      { previous_feed_token_hash: HASH },
      "audiences_previous_feed_token",
    ],
    [
      "an event off the list's form",
      "audit_events",
      { type: "Session started" },
      "audit_events_type_is_noun",
    ],
    ["a code in clear", "authorization_codes", { hash: Buffer.alloc(43) }, "authorization_codes_hash"],
    [
      "a code for longer than a minute",
      "authorization_codes",
      { expires_at: "2027-01-01T00:01:00.001Z" },
      "authorization_codes_are_short",
    ],
    [
      "a code without a challenge",
      "authorization_codes",
      { code_challenge: "" },
      "authorization_codes_challenge_is_s256",
    ],
    [
      "a code whose challenge is a verifier of another length",
      "authorization_codes",
      { code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM_" },
      "authorization_codes_challenge_is_s256",
    ],
    [
      "a code redeemed for nothing",
      "authorization_codes",
      { redeemed_at: "2027-01-01" },
      "authorization_codes_redeemed_for_a_grant",
    ],
    [
      "a grant for a code that was not redeemed",
      "authorization_codes",
      { grant_id: "grant" },
      "authorization_codes_redeemed_for_a_grant",
    ],
    [
      "a code of no browser",
      "authorization_codes",
      { parent_id: "none" },
      "authorization_codes_parent_id_fkey",
    ],
    ["a request_uri in clear", "pushed_requests", { hash: Buffer.alloc(43) }, "pushed_requests_hash"],
    [
      "a device code in clear",
      "device_authorizations",
      { hash: Buffer.alloc(43) },
      "device_authorizations_hashes",
    ],
    [
      "a user code in clear",
      "device_authorizations",
      { user_code_hash: Buffer.from("BCDFGHJK") },
      "device_authorizations_hashes",
    ],
    ["a decision of nobody", "device_authorizations", { user_id: null }, DECIDED],
    ["a decision of no time", "device_authorizations", { decided_at: null }, DECIDED],
    ["somebody who has not decided", "device_authorizations", { decision: null, decided_at: null }, DECIDED],
    [
      "a denial that was redeemed",
      "device_authorizations",
      { decision: "denied", redeemed_at: "2027-01-01" },
      "device_authorizations_redeemed_once_allowed",
    ],
    [
      "what was redeemed before anybody decided",
      "device_authorizations",
      { decision: null, decided_at: null, user_id: null, redeemed_at: "2027-01-01" },
      "device_authorizations_redeemed_once_allowed",
    ],
    ["the jti of a proof in clear", "used_proofs", { hash: Buffer.alloc(31) }, "used_proofs_hash"],
    [
      "a delivery before its first attempt",
      "logout_deliveries",
      { attempts: -1 },
      "logout_deliveries_attempts",
    ],
    ["a consent to no client", "consents", { client_id: "none" }, "consents_client_id_fkey"],
  ])("%s", async (_what, table, change, constraint) => {
    await expect(insert(table, { ...ROWS[table](), ...change })).rejects.toMatchObject({
      constraint: expect.stringContaining(constraint),
    });
  });

  const METHODS = "clients_credentials_by_method";
  it.each<[string, Row, string]>([
    ["a client that could be a person", { id: randomUUID() }, "clients_id_is_nobodys"],
    ["a client whose id is too short", { id: "client_wages" }, "clients_id_is_nobodys"],
    ["a client whose id goes on", { id: `client_${randomId()}\n` }, "clients_id_is_nobodys"],
    ["a client's secret in clear", { secret_hash: Buffer.alloc(33) }, "clients_secret_hash_is_sha256"],
    ["its former one", { previous_secret_hash: Buffer.alloc(31) }, "clients_secret_hash_is_sha256"],
    ["a client whose secret is missing", { secret_hash: null }, METHODS],
    ["a former secret alone", { secret_hash: null, previous_secret_hash: HASH }, METHODS],
    ["a public client with a secret", { auth_method: "none", grant_types: [] }, METHODS],
    ["a secret and keys", { jwks: { keys: [] } }, METHODS],
    ["a secret and the address of keys", { jwks_uri: "https://wages.example/jwks" }, METHODS],
    ["a client whose keys are missing", { auth_method: "private_key_jwt", secret_hash: null }, METHODS],
    ["keys and a secret", { auth_method: "private_key_jwt", jwks: { keys: [] } }, METHODS],
    [
      "keys and the address of keys",
      { auth_method: "private_key_jwt", secret_hash: null, jwks: {}, jwks_uri: "https://wages.example/jwks" },
      METHODS,
    ],
    [
      "a public client that asks for itself",
      { auth_method: "none", secret_hash: null },
      "clients_public_asks_for_persons_alone",
    ],
    ["a client by a shared secret", { algorithm: "HS256" }, "clients_algorithm_is_published"],
  ])("%s", async (_what, change, constraint) => {
    await expect(insert("clients", { ...client(), ...change })).rejects.toMatchObject({ constraint });
  });

  it("a secret for what is asked in nobody's name, and takes it for each method as it should be", async () => {
    const keys = { auth_method: "private_key_jwt", secret_hash: null };
    await insert("clients", { ...client(), previous_secret_hash: HASH });
    await insert("clients", { ...client(), ...keys, jwks: { keys: [] } });
    await insert("clients", { ...client(), ...keys, jwks_uri: "https://wages.example/jwks" });
    const open = { auth_method: "none", secret_hash: null, grant_types: ["authorization_code"] };
    await insert("clients", { ...client(), ...open });
  });

  it.each<[string, Row]>([
    ["a grant for no audience", { audience: null }],
    ["a grant of no scope", { scope: null }],
    ["a grant of no client", { client_id: null }],
    [
      "a browser in a browser",
      { client_id: null, audience: null, scope: null, is_offline: false, dpop_jkt: null },
    ],
    [
      "a browser that is offline",
      { client_id: null, audience: null, scope: null, parent_id: null, dpop_jkt: null },
    ],
    [
      "a browser with a key",
      { client_id: null, audience: null, scope: null, parent_id: null, is_offline: false },
    ],
  ])("%s", async (_what, change) => {
    const constraint = "sessions_grant_is_whole";
    await expect(insert("sessions", { ...grant(), ...change })).rejects.toMatchObject({ constraint });
  });

  it("a staged key of ours without its time, and takes the waiting secret of an audience", async () => {
    const staged = { state: "staged", public_jwk: { kty: "oct" } };
    await expect(insert("signing_keys", { ...key(), ...staged })).rejects.toMatchObject({
      constraint: "signing_keys_staged_has_a_time",
    });
    await insert("signing_keys", { ...key(), ...staged, use: "audience:payroll" });
  });

  it("a second active key of one use, algorithm and custody, and takes it staged, or of another", async () => {
    await insert("signing_keys", { ...key(), algorithm: "ES256" });
    const second = { ...key(), algorithm: "ES256" };
    await expect(insert("signing_keys", second)).rejects.toMatchObject({
      constraint: "signing_keys_one_active",
    });
    await insert("signing_keys", { ...second, state: "staged", activates_at: "2027-02-01" });
    await insert("signing_keys", { ...key(), algorithm: "ES256", custody: "app-secret:two" });
  });

  it.each(["DELETE FROM audit_events", "DELETE FROM audit_events WHERE false", "TRUNCATE audit_events"])(
    "%s",
    async (statement) => {
      await insert("audit_events", event());
      await expect(sql.query(statement)).rejects.toThrow("append only");
    },
  );

  it("to forget events when their person is deleted", async () => {
    const person = user();
    await insert("users", person);
    await insert("audit_events", { ...event(), user_id: person.id });
    await sql.query("DELETE FROM users WHERE id = $1", [person.id]);
    const { rowCount } = await sql.query("SELECT 1 FROM audit_events WHERE user_id = $1", [person.id]);
    expect(rowCount).toBe(1);
  });
});

describe("an audit event", () => {
  const LINK = `previous_hash = decode(repeat('00', 32), 'hex'), hash = decode(repeat('ab', 32), 'hex')`;
  const CHANGES = [
    "id = id + 1000000",
    "at = at + interval '1 ms'",
    "type = 'session.ended'",
    "actor_id = gen_random_uuid()",
    "user_id = gen_random_uuid()",
    "session_id = ''",
    "ip = ''",
    "user_agent = ''",
    `details = '{"by": "somebody"}'`,
  ];

  let position = 0;
  async function insertEvent(): Promise<string> {
    await insert("audit_events", event());
    const { rows } = await sql.query("SELECT max(id) AS id FROM audit_events");
    return rows[0].id;
  }
  const change = (id: string, changes: string) =>
    sql.query(`UPDATE audit_events SET ${changes} WHERE id = ${id}`);

  async function insertChained(): Promise<string> {
    const id = await insertEvent();
    position += 1;
    await change(id, `position = ${position}, ${LINK}`);
    return id;
  }

  it("is chained once, and takes no other place, hash or none", async () => {
    const id = await insertChained();
    for (const changes of [
      `position = position, ${LINK}`,
      "position = position + 1000",
      "previous_hash = hash",
      "hash = previous_hash",
      "position = NULL, previous_hash = NULL, hash = NULL",
    ]) {
      await expect(change(id, changes)).rejects.toThrow("append only");
    }
  });

  it("is not written again as it is", async () => {
    await expect(change(await insertEvent(), "type = type")).rejects.toThrow("append only");
  });

  it.each(CHANGES)("is not changed: %s", async (changes) => {
    await expect(change(await insertEvent(), changes)).rejects.toThrow("append only");
    await expect(change(await insertChained(), changes)).rejects.toThrow("append only");
    await expect(change(await insertEvent(), `position = 1000, ${LINK}, ${changes}`)).rejects.toThrow(
      "append only",
    );
  });

  it.each([
    [
      "at no place",
      "position = 0, previous_hash = sha256(''), hash = sha256('')",
      "audit_events_chained_whole",
    ],
    ["without a hash", "position = 1000, previous_hash = sha256('')", "audit_events_chained_whole"],
    ["without the hash before", "position = 1000, hash = sha256('')", "audit_events_chained_whole"],
    [
      "by another hash",
      "position = 1000, previous_hash = sha256(''), hash = sha512('')",
      "audit_events_chained_whole",
    ],
  ])("is not chained %s", async (_what, changes, constraint) => {
    await expect(change(await insertEvent(), changes)).rejects.toMatchObject({ constraint });
  });

  it("does not take the place of another", async () => {
    await insertChained();
    await expect(change(await insertEvent(), `position = ${position}, ${LINK}`)).rejects.toMatchObject({
      constraint: "audit_events_position_key",
    });
  });
});
