import { createHash } from "node:crypto";
import { Client } from "pg";
import { applyMigrations } from "../../scripts/apply-migrations";

export const PEOPLE = 100_000;
export const SESSIONS = 1_000_000;
export const DENIALS = 100_000;

/** Days over which the sessions were started, and how they stand: of 20, 4 were ended, 5 have expired, 11 live. */
const SPREAD_DAYS = 60;

/** The names and values below are arithmetic on a number, so that a benchmark knows what it may ask for. */
export const userIdOf = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, "0")}`;
export const emailOf = (n: number): string =>
  `${FIRST[n % FIRST.length]}.${LAST[n % LAST.length]}${n}@example.com`;
export const sessionIdOf = (n: number): string => createHash("md5").update(String(n)).digest("base64url");
export const secretHashOf = (n: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHash("sha256").update(String(n)).digest());

const FIRST = ["ada", "bob", "carol", "dmitri", "eve", "farid", "grete", "hana", "igor", "june"];
const LAST = [
  "archer",
  "baker",
  "cohen",
  "diaz",
  "eriksen",
  "fischer",
  "garcia",
  "hansen",
  "ito",
  "jones",
  "kovacs",
];

const literalArray = (words: readonly string[]): string =>
  `ARRAY[${words.map((word) => `'${word}'`).join(",")}]`;

const PEOPLE_SQL = `
  INSERT INTO users (id, email, name, role, status, created_at)
  SELECT ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
    first || '.' || last || n || '@example.com', initcap(first) || ' ' || initcap(last), 'user', 'active',
    now() - interval '90 days' + n * interval '70 seconds'
  FROM generate_series(0, ${PEOPLE - 1}) n,
    LATERAL (SELECT (${literalArray(FIRST)})[n % ${FIRST.length} + 1] AS first,
                    (${literalArray(LAST)})[n % ${LAST.length} + 1] AS last) names`;

/** One address in ten is an office of 1,000 sessions, one in ten is IPv6. */
const SESSIONS_SQL = `
  INSERT INTO sessions (id, user_id, secret_hash, generation, rotated_at, acknowledged_generation, acknowledged_at,
    authenticated_at, created_at, last_seen_at, idle_expires_at, expires_at, ended_at, end_reason, ip, user_agent)
  SELECT translate(rtrim(encode(decode(md5(n::text), 'hex'), 'base64'), '='), '+/', '-_'),
    ('00000000-0000-4000-8000-' || lpad(to_hex((n::bigint * 7919) % ${PEOPLE}), 12, '0'))::uuid,
    sha256(convert_to(n::text, 'UTF8')), n % 50, seen, n % 50, seen, started, started, seen,
    LEAST(seen + interval '7 days', started + interval '30 days'), started + interval '30 days',
    CASE WHEN state IN ('logout', 'revoked_by_admin') THEN seen WHEN state = 'expired'
      THEN LEAST(seen + interval '7 days', started + interval '30 days') END,
    state::session_end_reason,
    CASE n % 10
      WHEN 0 THEN '198.51.' || (n / 1000) % 256 || '.7'
      WHEN 1 THEN '2001:db8:' || to_hex(n % 65536) || ':' || to_hex(n / 65536) || '::1'
      ELSE (n % 223 + 1) || '.' || (n / 223) % 256 || '.' || (n / 57088) % 256 || '.' || n % 251 END,
    'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
  FROM generate_series(0, ${SESSIONS - 1}) n,
    LATERAL (SELECT CASE WHEN n % 20 < 4 THEN (${literalArray(["logout", "revoked_by_admin"])})[n % 2 + 1]
                         WHEN n % 20 < 9 THEN 'expired' END AS state,
                    now() - (n::float8 / ${SESSIONS}) * interval '${SPREAD_DAYS} days' AS at) given,
    -- What lives was started in the last 25 days and seen in the last 6.
    LATERAL (SELECT CASE WHEN state IS NULL THEN now() - (now() - at) * 25 / ${SPREAD_DAYS}
                         WHEN state = 'expired' THEN at - interval '8 days' ELSE at END AS started) begun,
    LATERAL (SELECT CASE WHEN state IS NULL THEN GREATEST(started, now() - (n % 518400) * interval '1 second')
                         ELSE started + interval '1 hour' END AS seen) used`;

const DENIALS_SQL = `
  INSERT INTO denials (kind, value, expires_at)
  SELECT 'sid', translate(rtrim(encode(decode(md5('denied ' || n), 'hex'), 'base64'), '='), '+/', '-_'),
    now() + interval '2 hours'
  FROM generate_series(1, ${DENIALS}) n`;

/** Fills an empty database; says how long each step took. */
export async function seed(url: string, say: (line: string) => void): Promise<void> {
  await applyMigrations(url);
  const client = new Client({ connectionString: url });
  await client.connect();
  client.on("error", () => undefined);
  for (const [what, sql] of [
    [`${PEOPLE.toLocaleString("en")} people`, PEOPLE_SQL],
    [`${SESSIONS.toLocaleString("en")} sessions`, SESSIONS_SQL],
    [`${DENIALS.toLocaleString("en")} denials`, DENIALS_SQL],
    ["vacuum and statistics", "VACUUM ANALYZE"],
  ] as const) {
    const start = performance.now();
    await client.query(sql);
    say(`  ${what}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  }
  await client.end();
}
