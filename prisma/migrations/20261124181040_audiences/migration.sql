-- CreateEnum
CREATE TYPE "audience_profile" AS ENUM ('mesh', 'high-security', 'legacy');

-- CreateTable
CREATE TABLE "audiences" (
    "identifier" TEXT NOT NULL,
    "profile" "audience_profile" NOT NULL,
    "algorithm" TEXT NOT NULL,
    "lifetime_seconds" INTEGER NOT NULL,
    "scope" TEXT,
    "encryption_jwk" JSONB,
    "jwks_uri" TEXT,
    "feed_token_hash" BYTEA,
    "previous_feed_token_hash" BYTEA,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "audiences_pkey" PRIMARY KEY ("identifier")
);

-- CreateIndex
CREATE UNIQUE INDEX "audiences_feed_token_hash_key" ON "audiences"("feed_token_hash");

-- CreateIndex
CREATE UNIQUE INDEX "audiences_previous_feed_token_hash_key" ON "audiences"("previous_feed_token_hash");

ALTER TABLE "audiences"
  ADD CONSTRAINT "audiences_lifetime_is_short" CHECK ("lifetime_seconds" BETWEEN 60 AND 900),
  ADD CONSTRAINT "audiences_profile_has_its_algorithm" CHECK (
    CASE "profile"
      WHEN 'mesh' THEN "algorithm" IN ('ES256', 'RS256', 'EdDSA')
      WHEN 'high-security' THEN "algorithm" = 'ES256'
      WHEN 'legacy' THEN "algorithm" = 'HS256'
    END
  ),
  -- Of the profiles, one encrypts: to a key that is here, or to one that is published elsewhere.
  ADD CONSTRAINT "audiences_encryption_by_profile" CHECK (
    ("encryption_jwk" IS NOT NULL)::int + ("jwks_uri" IS NOT NULL)::int = ("profile" = 'high-security')::int
  ),
  ADD CONSTRAINT "audiences_encryption_jwk_is_public" CHECK (
    "encryption_jwk" IS NULL
    OR NOT jsonb_exists_any("encryption_jwk", ARRAY['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'])
  ),
  ADD CONSTRAINT "audiences_feed_token_hash_is_sha256" CHECK (
    length("feed_token_hash") = 32 AND length("previous_feed_token_hash") = 32
  ),
  ADD CONSTRAINT "audiences_previous_feed_token_was_replaced" CHECK (
    "previous_feed_token_hash" IS NULL OR "feed_token_hash" IS NOT NULL
  );

-- The secret of an audience waits until somebody has given it to the service.
ALTER TABLE "signing_keys"
  DROP CONSTRAINT "signing_keys_staged_has_a_time",
  ADD CONSTRAINT "signing_keys_staged_has_a_time" CHECK (
    "state" <> 'staged' OR "use" LIKE 'audience:%' OR "activates_at" IS NOT NULL
  );
