-- What Prisma's schema cannot express. The application checks all of this too; here it holds whoever writes.

ALTER TABLE "users"
  ADD CONSTRAINT "users_email_canonical" CHECK ("email" = lower("email") AND length("email") BETWEEN 3 AND 320),
  ADD CONSTRAINT "users_name_short" CHECK (length("name") <= 100);

ALTER TABLE "sessions"
  ADD CONSTRAINT "sessions_secret_hash_is_sha256" CHECK (length("secret_hash") = 32),
  ADD CONSTRAINT "sessions_generation_from_zero" CHECK ("generation" >= 0),
  ADD CONSTRAINT "sessions_acknowledged_was_issued" CHECK ("acknowledged_generation" BETWEEN 0 AND "generation"),
  ADD CONSTRAINT "sessions_recovered_was_issued" CHECK ("recovered_generation" <= "generation"),
  ADD CONSTRAINT "sessions_end_has_reason" CHECK (("ended_at" IS NULL) = ("end_reason" IS NULL)),
  ADD CONSTRAINT "sessions_idle_within_absolute" CHECK ("idle_expires_at" <= "expires_at"),
  ADD CONSTRAINT "sessions_expire_after_start" CHECK ("expires_at" > "created_at"),
  ADD CONSTRAINT "sessions_ip_short" CHECK (length("ip") <= 45),
  ADD CONSTRAINT "sessions_user_agent_short" CHECK (length("user_agent") <= 512);

ALTER TABLE "signing_keys"
  ADD CONSTRAINT "signing_keys_private_key_while_signing" CHECK (
    ("sealed_private_key" IS NOT NULL) = ("state" IN ('staged', 'active'))
  ),
  ADD CONSTRAINT "signing_keys_public_jwk_is_public" CHECK (
    NOT jsonb_exists_any("public_jwk", ARRAY['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'])
  );

ALTER TABLE "denials"
  ADD CONSTRAINT "denials_value_present" CHECK ("value" <> '');

ALTER TABLE "one_time_links"
  ADD CONSTRAINT "one_time_links_token_hash_is_sha256" CHECK (length("token_hash") = 32),
  ADD CONSTRAINT "one_time_links_setup_is_for_nobody" CHECK (("purpose" = 'setup') = ("user_id" IS NULL)),
  ADD CONSTRAINT "one_time_links_expire_after_start" CHECK ("expires_at" > "created_at");

ALTER TABLE "audit_events"
  ADD CONSTRAINT "audit_events_type_is_noun_and_participle" CHECK ("type" ~ '^[a-z_]+\.[a-z_]+$');

CREATE FUNCTION "refuse_audit_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit_events is append only' USING ERRCODE = 'restrict_violation';
END;
$$;

CREATE TRIGGER "audit_events_append_only"
  BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit_events"
  FOR EACH STATEMENT EXECUTE FUNCTION "refuse_audit_change"();
