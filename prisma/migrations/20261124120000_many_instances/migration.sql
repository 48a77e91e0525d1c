-- Sessions: found by person, address and state without a scan, and refreshed without touching an index.

-- Room in each page for the next version of its rows; what follows writes the table anew.
ALTER TABLE "sessions" SET (fillfactor = 70);

-- A new type, not a new value of the old one: Postgres lets a value be used only after its transaction.
CREATE TYPE "session_end_reason_new" AS ENUM (
  'logout', 'replaced', 'revoked_by_user', 'revoked_by_admin', 'password_changed', 'role_changed', 'account_disabled',
  'refresh_token_reuse', 'expired'
);
ALTER TABLE "sessions"
  ALTER COLUMN "end_reason" TYPE "session_end_reason_new" USING ("end_reason"::text::"session_end_reason_new");
DROP TYPE "session_end_reason";
ALTER TYPE "session_end_reason_new" RENAME TO "session_end_reason";

ALTER TABLE "sessions" ADD COLUMN "idle_expires_on" DATE
  GENERATED ALWAYS AS (("idle_expires_at" AT TIME ZONE 'UTC')::date) STORED;
-- Compared byte by byte, an address is found by how it begins.
ALTER TABLE "sessions" ALTER COLUMN "ip" TYPE TEXT COLLATE "C";

-- With the reason at its end, an index alone says which sessions of a person or an address are in a state.
DROP INDEX "sessions_user_id_created_at_id_idx";
CREATE INDEX "sessions_user_id_created_at_id_end_reason_idx" ON "sessions"("user_id", "created_at", "id", "end_reason");
CREATE INDEX "sessions_ip_created_at_id_end_reason_idx" ON "sessions"("ip", "created_at", "id", "end_reason");
CREATE INDEX "sessions_live" ON "sessions"("created_at", "id") WHERE (end_reason IS NULL);
CREATE INDEX "sessions_ended" ON "sessions"("created_at", "id") WHERE (end_reason <> 'expired'::session_end_reason);
CREATE INDEX "sessions_expired" ON "sessions"("created_at", "id") WHERE (end_reason = 'expired'::session_end_reason);
CREATE INDEX "sessions_to_expire" ON "sessions"("idle_expires_on") WHERE (ended_at IS NULL);
CREATE INDEX "sessions_to_delete" ON "sessions"("ended_at") WHERE (ended_at IS NOT NULL);
CREATE INDEX "one_time_links_expires_at_idx" ON "one_time_links"("expires_at");

-- Part of an e-mail address or a name finds a person. No search text holds a line break, so none spans both.
CREATE EXTENSION IF NOT EXISTS "pg_trgm";
ALTER TABLE "users" ADD COLUMN "search_text" TEXT
  GENERATED ALWAYS AS (lower("email" || chr(10) || COALESCE("name", ''))) STORED;
CREATE INDEX "users_search_text_idx" ON "users" USING GIN ("search_text" gin_trgm_ops);

-- Denials: the transaction that wrote each, so that what one read could not see yet, the next one finds.
ALTER TABLE "denials" ADD COLUMN "recorded_by" xid8 NOT NULL DEFAULT pg_current_xact_id();
DROP INDEX "denials_recorded_at_idx";
CREATE INDEX "denials_recorded_by_idx" ON "denials"("recorded_by");

-- Audit events: one chain, made after the fact, so that writing an event waits for nobody.
ALTER TABLE "audit_events"
  ADD COLUMN "position" BIGINT,
  ADD COLUMN "previous_hash" BYTEA,
  ADD COLUMN "hash" BYTEA,
  -- All three or none: a comparison with NULL alone would pass.
  ADD CONSTRAINT "audit_events_chained_whole" CHECK (
    num_nonnulls("position", "previous_hash", "hash") IN (0, 3)
    AND "position" >= 1 AND length("previous_hash") = 32 AND length("hash") = 32
  );
CREATE UNIQUE INDEX "audit_events_position_key" ON "audit_events"("position");
CREATE INDEX "audit_events_unchained" ON "audit_events"("id") WHERE (position IS NULL);

DROP TRIGGER "audit_events_append_only" ON "audit_events";
CREATE TRIGGER "audit_events_append_only"
  BEFORE DELETE OR TRUNCATE ON "audit_events"
  FOR EACH STATEMENT EXECUTE FUNCTION "refuse_audit_change"();

CREATE FUNCTION "refuse_audit_rewrite"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  unchained "audit_events" := NEW;
BEGIN
  unchained."position" := NULL;
  unchained."previous_hash" := NULL;
  unchained."hash" := NULL;
  IF NEW."position" IS NULL OR unchained IS DISTINCT FROM OLD THEN
    RAISE EXCEPTION 'audit_events is append only' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END;
$$;

CREATE TRIGGER "audit_events_chained_once"
  BEFORE UPDATE ON "audit_events"
  FOR EACH ROW EXECUTE FUNCTION "refuse_audit_rewrite"();
