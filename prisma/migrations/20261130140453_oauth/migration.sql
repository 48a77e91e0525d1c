-- AlterEnum
ALTER TYPE "session_end_reason" ADD VALUE 'authorization_code_reuse' BEFORE 'expired';
ALTER TYPE "session_end_reason" ADD VALUE 'revoked_by_client' BEFORE 'expired';

-- CreateEnum
CREATE TYPE "client_auth_method" AS ENUM ('none', 'client_secret', 'private_key_jwt');

-- CreateEnum
CREATE TYPE "device_decision" AS ENUM ('allowed', 'denied');

-- AlterTable
ALTER TABLE "sessions" ADD COLUMN     "audience" TEXT,
ADD COLUMN     "client_id" TEXT,
ADD COLUMN     "dpop_jkt" TEXT,
ADD COLUMN     "is_offline" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "parent_id" TEXT,
ADD COLUMN     "scope" TEXT;

-- CreateTable
CREATE TABLE "clients" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "auth_method" "client_auth_method" NOT NULL,
    "secret_hash" BYTEA,
    "previous_secret_hash" BYTEA,
    "jwks" JSONB,
    "jwks_uri" TEXT,
    "grant_types" TEXT[],
    "redirect_uris" TEXT[],
    "post_logout_redirect_uris" TEXT[],
    "origins" TEXT[],
    "scope" TEXT NOT NULL,
    "audiences" TEXT[],
    "algorithm" TEXT NOT NULL,
    "requires_dpop" BOOLEAN NOT NULL,
    "requires_pushed_requests" BOOLEAN NOT NULL,
    "backchannel_logout_uri" TEXT,
    "tokens_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "clients_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "consents" (
    "user_id" UUID NOT NULL,
    "client_id" TEXT NOT NULL,
    "audience" TEXT NOT NULL,
    "scope" TEXT NOT NULL,
    "granted_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "consents_pkey" PRIMARY KEY ("user_id","client_id","audience")
);

-- CreateTable
CREATE TABLE "authorization_codes" (
    "hash" BYTEA NOT NULL,
    "client_id" TEXT NOT NULL,
    "user_id" UUID NOT NULL,
    "parent_id" TEXT NOT NULL,
    "redirect_uri" TEXT NOT NULL,
    "audience" TEXT NOT NULL,
    "scope" TEXT NOT NULL,
    "nonce" TEXT,
    "code_challenge" TEXT NOT NULL,
    "dpop_jkt" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "redeemed_at" TIMESTAMPTZ(3),
    "grant_id" TEXT,

    CONSTRAINT "authorization_codes_pkey" PRIMARY KEY ("hash")
);

-- CreateTable
CREATE TABLE "pushed_requests" (
    "hash" BYTEA NOT NULL,
    "client_id" TEXT NOT NULL,
    "parameters" JSONB NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "answered_at" TIMESTAMPTZ(3),

    CONSTRAINT "pushed_requests_pkey" PRIMARY KEY ("hash")
);

-- CreateTable
CREATE TABLE "device_authorizations" (
    "hash" BYTEA NOT NULL,
    "user_code_hash" BYTEA NOT NULL,
    "client_id" TEXT NOT NULL,
    "audience" TEXT NOT NULL,
    "scope" TEXT NOT NULL,
    "ip" TEXT NOT NULL,
    "user_agent" TEXT NOT NULL,
    "interval_seconds" INTEGER NOT NULL,
    "polled_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "decision" "device_decision",
    "decided_at" TIMESTAMPTZ(3),
    "user_id" UUID,
    "parent_id" TEXT,
    "redeemed_at" TIMESTAMPTZ(3),

    CONSTRAINT "device_authorizations_pkey" PRIMARY KEY ("hash")
);

-- CreateTable
CREATE TABLE "used_proofs" (
    "hash" BYTEA NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "used_proofs_pkey" PRIMARY KEY ("hash")
);

-- CreateTable
CREATE TABLE "logout_deliveries" (
    "id" BIGSERIAL NOT NULL,
    "client_id" TEXT NOT NULL,
    "user_id" UUID NOT NULL,
    "session_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(3) NOT NULL,
    "last_problem" TEXT,

    CONSTRAINT "logout_deliveries_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "clients_created_at_id_idx" ON "clients"("created_at", "id");

-- CreateIndex
CREATE INDEX "clients_origins_idx" ON "clients" USING GIN ("origins");

-- CreateIndex
CREATE INDEX "consents_client_id_idx" ON "consents"("client_id");

-- CreateIndex
CREATE INDEX "authorization_codes_client_id_idx" ON "authorization_codes"("client_id");

-- CreateIndex
CREATE INDEX "authorization_codes_user_id_idx" ON "authorization_codes"("user_id");

-- CreateIndex
CREATE INDEX "authorization_codes_parent_id_idx" ON "authorization_codes"("parent_id");

-- CreateIndex
CREATE INDEX "authorization_codes_expires_at_idx" ON "authorization_codes"("expires_at");

-- CreateIndex
CREATE INDEX "pushed_requests_client_id_idx" ON "pushed_requests"("client_id");

-- CreateIndex
CREATE INDEX "pushed_requests_expires_at_idx" ON "pushed_requests"("expires_at");

-- CreateIndex
CREATE UNIQUE INDEX "device_authorizations_user_code_hash_key" ON "device_authorizations"("user_code_hash");

-- CreateIndex
CREATE INDEX "device_authorizations_client_id_idx" ON "device_authorizations"("client_id");

-- CreateIndex
CREATE INDEX "device_authorizations_parent_id_idx" ON "device_authorizations"("parent_id");

-- CreateIndex
CREATE INDEX "device_authorizations_expires_at_idx" ON "device_authorizations"("expires_at");

-- CreateIndex
CREATE INDEX "used_proofs_expires_at_idx" ON "used_proofs"("expires_at");

-- CreateIndex
CREATE INDEX "logout_deliveries_client_id_id_idx" ON "logout_deliveries"("client_id", "id");

-- CreateIndex
CREATE INDEX "logout_deliveries_next_attempt_at_idx" ON "logout_deliveries"("next_attempt_at");

-- CreateIndex
CREATE INDEX "sessions_of_client" ON "sessions"("client_id", "created_at", "id", "end_reason") WHERE (client_id IS NOT NULL);

-- CreateIndex
CREATE INDEX "sessions_of_parent" ON "sessions"("parent_id") WHERE (parent_id IS NOT NULL);

-- CreateIndex
CREATE INDEX "sessions_online_grants" ON "sessions"("id", "parent_id") WHERE (client_id IS NOT NULL AND ended_at IS NULL AND NOT is_offline);

-- AddForeignKey
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_client_id_fkey" FOREIGN KEY ("client_id") REFERENCES "clients"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_parent_id_fkey" FOREIGN KEY ("parent_id") REFERENCES "sessions"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "consents" ADD CONSTRAINT "consents_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "consents" ADD CONSTRAINT "consents_client_id_fkey" FOREIGN KEY ("client_id") REFERENCES "clients"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "authorization_codes" ADD CONSTRAINT "authorization_codes_client_id_fkey" FOREIGN KEY ("client_id") REFERENCES "clients"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "authorization_codes" ADD CONSTRAINT "authorization_codes_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "authorization_codes" ADD CONSTRAINT "authorization_codes_parent_id_fkey" FOREIGN KEY ("parent_id") REFERENCES "sessions"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "pushed_requests" ADD CONSTRAINT "pushed_requests_client_id_fkey" FOREIGN KEY ("client_id") REFERENCES "clients"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "device_authorizations" ADD CONSTRAINT "device_authorizations_client_id_fkey" FOREIGN KEY ("client_id") REFERENCES "clients"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "logout_deliveries" ADD CONSTRAINT "logout_deliveries_client_id_fkey" FOREIGN KEY ("client_id") REFERENCES "clients"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- A grant is whole, or the session is a browser's.
ALTER TABLE "sessions"
  ADD CONSTRAINT "sessions_grant_is_whole" CHECK (
    ("client_id" IS NULL) = ("audience" IS NULL) AND ("client_id" IS NULL) = ("scope" IS NULL)
    AND ("client_id" IS NOT NULL OR ("parent_id" IS NULL AND "dpop_jkt" IS NULL AND NOT "is_offline"))
  );

ALTER TABLE "clients"
  ADD CONSTRAINT "clients_credentials_by_method" CHECK (
    ("secret_hash" IS NOT NULL) = ("auth_method" = 'client_secret')
    AND ("previous_secret_hash" IS NULL OR "secret_hash" IS NOT NULL)
    AND ("jwks" IS NOT NULL)::int + ("jwks_uri" IS NOT NULL)::int = ("auth_method" = 'private_key_jwt')::int
  ),
  ADD CONSTRAINT "clients_secret_hash_is_sha256" CHECK (
    length("secret_hash") = 32 AND length("previous_secret_hash") = 32
  ),
  -- Whoever reads the program of a public client could ask in its name.
  ADD CONSTRAINT "clients_public_asks_for_persons_alone" CHECK (
    "auth_method" <> 'none' OR NOT ('client_credentials' = ANY("grant_types"))
  ),
  ADD CONSTRAINT "clients_algorithm_is_published" CHECK ("algorithm" IN ('ES256', 'RS256', 'EdDSA')),
  -- No client may ever be taken for a person.
  ADD CONSTRAINT "clients_id_is_nobodys" CHECK ("id" ~ '^client_[A-Za-z0-9_-]{22}$');

ALTER TABLE "authorization_codes"
  ADD CONSTRAINT "authorization_codes_hash_is_sha256" CHECK (length("hash") = 32),
  ADD CONSTRAINT "authorization_codes_are_short" CHECK ("expires_at" <= "created_at" + INTERVAL '60 seconds'),
  ADD CONSTRAINT "authorization_codes_challenge_is_s256" CHECK ("code_challenge" ~ '^[A-Za-z0-9_-]{43}$'),
  ADD CONSTRAINT "authorization_codes_redeemed_for_a_grant" CHECK (
    ("redeemed_at" IS NULL) = ("grant_id" IS NULL)
  );

ALTER TABLE "pushed_requests"
  ADD CONSTRAINT "pushed_requests_hash_is_sha256" CHECK (length("hash") = 32);

ALTER TABLE "device_authorizations"
  ADD CONSTRAINT "device_authorizations_hashes_are_sha256" CHECK (
    length("hash") = 32 AND length("user_code_hash") = 32
  ),
  ADD CONSTRAINT "device_authorizations_decided_by_somebody" CHECK (
    ("decision" IS NULL) = ("decided_at" IS NULL) AND ("decision" IS NULL) = ("user_id" IS NULL)
  ),
  ADD CONSTRAINT "device_authorizations_redeemed_once_allowed" CHECK (
    "redeemed_at" IS NULL OR ("decision" = 'allowed' AND "decision" IS NOT NULL)
  );

ALTER TABLE "used_proofs"
  ADD CONSTRAINT "used_proofs_hash_is_sha256" CHECK (length("hash") = 32);

ALTER TABLE "logout_deliveries"
  ADD CONSTRAINT "logout_deliveries_attempts_count_up" CHECK ("attempts" >= 0);
