-- Keys that rotate by themselves, and that are denied by name when one is revoked (docs/decisions/013).

-- Nothing here uses the value: Postgres lets it be used only after this transaction.
ALTER TYPE "denial_kind" ADD VALUE 'kid';

DROP INDEX "signing_keys_one_active";

ALTER TABLE "signing_keys"
  ADD COLUMN "custody" TEXT,
  ADD COLUMN "activates_at" TIMESTAMPTZ(3),
  ADD COLUMN "revoke_reason" TEXT,
  ADD COLUMN "signed_count" BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN "last_signed_at" TIMESTAMPTZ(3);

-- The id of the key-encryption key stands in the sealed private key, behind its version; here it is base64url.
UPDATE "signing_keys" SET
  "custody" = 'app-secret:' || COALESCE(
    rtrim(translate(encode(substring("sealed_private_key" FROM 2 FOR 8), 'base64'), '+/', '-_'), '='), 'unknown'),
  "activates_at" = CASE WHEN "state" = 'staged' THEN "created_at" END,
  "revoke_reason" = CASE WHEN "state" = 'revoked' THEN '' END;

ALTER TABLE "signing_keys" ALTER COLUMN "custody" SET NOT NULL;

-- One of each secret or signer: instances that do not share one each sign with their own.
CREATE UNIQUE INDEX "signing_keys_one_active" ON "signing_keys"("use", "algorithm", "custody")
  WHERE (state = 'active'::key_state);

ALTER TABLE "signing_keys"
  DROP CONSTRAINT "signing_keys_private_key_while_signing",
  -- A secret both signs and verifies, so it is held until nothing it signed is accepted any more.
  ADD CONSTRAINT "signing_keys_private_key_while_needed" CHECK (
    CASE
      WHEN "custody" LIKE 'signer:%' THEN "sealed_private_key" IS NULL
      WHEN "public_jwk" ->> 'kty' = 'oct'
        THEN ("sealed_private_key" IS NOT NULL) = ("state" IN ('staged', 'active', 'retiring'))
      ELSE ("sealed_private_key" IS NOT NULL) = ("state" IN ('staged', 'active'))
    END
  ),
  ADD CONSTRAINT "signing_keys_staged_has_a_time" CHECK ("state" <> 'staged' OR "activates_at" IS NOT NULL),
  ADD CONSTRAINT "signing_keys_revoked_has_a_reason" CHECK (
    ("state" = 'revoked') = ("revoke_reason" IS NOT NULL) AND length("revoke_reason") <= 200
  );
