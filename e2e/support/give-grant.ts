import { randomBytes } from "node:crypto";
import type { RunningLatchkey } from "./latchkey";
import { queryDatabase } from "./query-database";

interface GivenGrant {
  email: string;
  clientId: string;
  audience: string;
  scope: string;
}

/** As when the person has let this client in from their newest browser session, and it is to go on without it. */
export async function giveGrant(
  { databaseUrl }: RunningLatchkey,
  { email, clientId, audience, scope }: GivenGrant,
): Promise<string> {
  const id = randomBytes(16).toString("base64url");
  const [row] = await queryDatabase<{ id: string }>(
    databaseUrl,
    `INSERT INTO sessions (
       id, user_id, secret_hash, generation, rotated_at, acknowledged_generation, acknowledged_at, authenticated_at,
       created_at, last_seen_at, idle_expires_at, expires_at, ip, user_agent,
       client_id, parent_id, audience, scope, is_offline
     )
     SELECT $1, s.user_id, $2, 0, now(), 0, now(), s.authenticated_at,
       now(), now(), s.idle_expires_at, s.expires_at, '192.0.2.7', 'okhttp/4.12.0',
       $3, s.id, $4, $5, true
     FROM sessions s JOIN users u ON u.id = s.user_id
     WHERE u.email = $6 AND s.client_id IS NULL AND s.ended_at IS NULL
     ORDER BY s.created_at DESC LIMIT 1
     RETURNING id`,
    [id, randomBytes(32), clientId, audience, scope, email],
  );
  if (row === undefined) throw new Error(`${email} is not signed in.`);
  await queryDatabase(
    databaseUrl,
    `INSERT INTO consents (user_id, client_id, audience, scope, granted_at)
     SELECT user_id, $2, $3, $4, now() FROM sessions WHERE id = $1
     ON CONFLICT (user_id, client_id, audience) DO UPDATE SET scope = EXCLUDED.scope`,
    [id, clientId, audience, scope],
  );
  return id;
}
